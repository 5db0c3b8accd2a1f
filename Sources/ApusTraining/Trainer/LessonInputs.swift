// What an objective learns from, opened: one value for all of them. How texts, conversations, preferences and prompts are read
// stands in files of their own.

import ApusText

/// What a run learns from and is measured on, read and counted.
struct LessonInputs {
  let training: any LessonPlan
  let validation: (any LessonPlan)?
  /// What writes conversations down; nil where there are plain texts only.
  var chat: ChatFormatter?
  /// The template that takes the place of the model's; nil for the model's own.
  var ownTemplate: String?
  /// What the user should know, one line each.
  var notes: [String] = []
  /// What was counted, for the records of the run.
  var facts: [RunStart.Fact] = []
}

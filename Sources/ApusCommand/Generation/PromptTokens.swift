// From what the user wrote to the tokens the model reads: plain text, or a turn of a conversation.

import ApusInference
import ApusText

/// Makes prompts for one model.
struct PromptTokens {
  private let model: Model
  private let values: Values
  private let console: Console

  init(_ model: Model, _ values: Values, _ console: Console) {
    self.model = model
    self.values = values
    self.console = console
  }

  /// A prompt as the model wants it: a user's turn where it has a chat template, unless `--raw`.
  func user(_ text: String) throws -> [Int32] {
    guard model.chatTemplate != nil || values[ChatFlags.template] != nil, !values[RunCommand.raw] else {
      if values[CommonOptions.verbose] { console.note("prompt: continued as it is") }
      return try raw(text)
    }
    if values[CommonOptions.verbose] {
      console.note("prompt: a user's turn in the model's chat template (--raw to continue it as it is)")
    }
    let chat = try ChatFlags.formatter(values, model, console)
    var messages = ChatFlags.systemMessages(values)
    messages.append(ChatMessage(role: "user", content: text))
    return try chat.tokens(messages, addGenerationPrompt: true)
  }

  /// The text alone, behind the beginning-of-text token where the model has one.
  func raw(_ text: String) throws -> [Int32] {
    let tokens = try model.tokenizer.encode(text, parseSpecial: values[GenerationFlags.special])
    guard !tokens.isEmpty else { throw InferenceError.emptyPrompt }
    return tokens
  }
}

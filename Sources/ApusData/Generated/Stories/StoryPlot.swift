// What a story follows: a script of beats in order, each with several ways to tell it. The scripts are in Plots; how they
// are told is in Storyteller.swift.

/// Who can be the hero of a plot.
enum StoryCast {
  case child, animal, smallAnimal, anyone
}

/// A script for stories.
///
/// Beats are separated by empty lines. Within a beat every way to tell it begins with `- ` and goes on over indented lines.
/// `[this|that]` is a choice, `{toy}` a word that stays the same for the story, `{toy2}` another of its kind, `{a toy}` one
/// with its article; a capital (`{He}`) begins a sentence. The last beat is the story's last paragraph.
struct StoryPlot: Sendable {
  /// What its stories are about, as in "a story about …".
  let name: String
  let cast: StoryCast
  let beats: [[[UInt8]]]

  init(_ name: String, _ cast: StoryCast, _ script: String) {
    self.name = name
    self.cast = cast
    beats = Self.beats(script)
  }

  /// The beats of a script.
  static func beats(_ script: String) -> [[[UInt8]]] {
    var beats: [[String]] = [[]]
    for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        beats.append([])
      } else if line.hasPrefix("- ") {
        beats[beats.count - 1].append(String(line.dropFirst(2)))
      } else if let last = beats[beats.count - 1].indices.last {
        beats[beats.count - 1][last] += " " + line.drop { $0 == " " }
      }
    }
    return beats.filter { !$0.isEmpty }.map { $0.map { Array($0.utf8) } }
  }

  static let all: [StoryPlot] = lossPlots + couragePlots + friendPlots + homePlots + naturePlots + wonderPlots
}

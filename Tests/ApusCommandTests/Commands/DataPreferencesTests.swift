// `apus data preferences`.

import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct DataPreferencesTests {
  private let folder = ScratchDirectory()
  private let model: String
  private let template: String
  private let pairs: String
  private let singles: String

  init() {
    model = folder.write("vocabulary.gguf", tinyVocabulary())
    template = folder.write(
      "chat.jinja",
      Array(
        ("{% for m in messages %}{{ m.role[0] + ': ' + m.content }}{% if m.role == 'assistant' %}</s>{% endif %}{{ '\\n' }}"
          + "{% endfor %}{% if add_generation_prompt %}a: {% endif %}").utf8))
    pairs = folder.write(
      "pairs.jsonl",
      Array(
        """
        {"prompt": "ab", "chosen": "b b", "rejected": "b"}
        {"prompt": "ab", "chosen": "a", "rejected": "a"}
        {"prompt": "b", "chosen": "a", "rejected": "ab ab ab ab ab ab ab ab ab ab ab"}

        """.utf8))
    singles = folder.write(
      "singles.jsonl", Array("{\"prompt\": \"ab\", \"completion\": \"b\", \"label\": false}\n".utf8))
  }

  private func show(_ words: [String]) -> Ending {
    runApplication(
      ["data", "preferences", "--tokenizer", model, "--chat-template-file", template] + words,
      terminal: false)
  }

  @Test func masks() {
    let ending = show([pairs, "--show-masks", "--skip-bad", "1", "--length", "24"])
    #expect(ending.code == 0, "\(ending)")
    #expect(
      ending.output.hasPrefix("chosen:\nu: ab\na: [[b b</s>]]\n\n\nrejected:\nu: ab\na: [[b</s>]]\n"),
      "\(ending.output)")
    #expect(ending.errors.contains("pairs.jsonl:2: \"chosen\" and \"rejected\" are the same"))
    #expect(ending.errors.contains("1 preference was skipped because it is too long"))
    let single = show([singles, "--labels", "--show-masks"])
    #expect(single.output.hasPrefix("bad:\nu: ab\na: [[b</s>]]\n"), "\(single)")
  }

  @Test func counts() throws {
    let json = try document(show([pairs, "--skip-bad", "1", "--json"]).output)
    #expect(json["preferences"] as? Int == 2 && json["kept"] as? Int == 2)
    #expect(json["badLines"] as? Int == 1 && json["desirable"] == nil)
    let single = try document(show([singles, "--labels", "--json"]).output)
    #expect(single["kept"] as? Int == 1 && single["desirable"] as? Int == 0)
  }

  @Test func whatIsWrongIsNamed() {
    for (words, problem) in [
      ([], "no input: name files of preferences"),
      ([pairs], "pairs.jsonl:2: \"chosen\" and \"rejected\" are the same"),
      ([singles], "singles.jsonl:1: has a \"completion\""),
      ([pairs, "--labels"], "pairs.jsonl:1: is a pair"),
      ([pairs, "--json", "--show-masks"], "choose one"),
    ] {
      let ending = show(words)
      #expect(ending.code != 0 && ending.errors.contains(problem), "\(words): \(ending)")
    }
  }
}

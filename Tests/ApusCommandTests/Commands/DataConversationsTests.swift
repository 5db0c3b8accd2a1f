// `apus data conversations`.

import ApusTestSupport
import Testing

@testable import ApusCommand

@Suite struct DataConversationsTests {
  private let folder = ScratchDirectory()
  private let model: String
  private let chat: String
  private let template: String

  init() {
    model = folder.write("vocabulary.gguf", tinyVocabulary())
    template = folder.write(
      "chat.jinja",
      Array(
        ("{% for m in messages %}{{ m.role[0] + ': ' + m.content }}{% if m.role == 'assistant' %}</s>{% endif %}{{ '\\n' }}"
          + "{% endfor %}{% if add_generation_prompt %}a: {% endif %}").utf8))
    chat = folder.write(
      "chat.jsonl",
      Array(
        """
        {"messages":[{"role":"user","content":"ab"},{"role":"assistant","content":"a b","reasoning_content":"b"}]}
        {"messages":[]}
        {"messages":[{"role":"user","content":"b"},{"role":"assistant","content":"ab ab ab ab ab ab ab ab ab ab ab"}]}

        """.utf8))
  }

  private func show(_ words: [String], terminal: Bool = false) -> Ending {
    runApplication(
      ["data", "conversations", chat, "--tokenizer", model, "--chat-template-file", template] + words,
      terminal: terminal)
  }

  @Test func masks() {
    let ending = show(["--show-masks", "--skip-bad", "1", "--length", "48"])
    #expect(ending.code == 0, "\(ending)")
    #expect(
      ending.output.hasPrefix("u: ab\na: [[<think>\nb\n</think>]][[\n\na b</s>]]\n"), "\(ending.output)")
    #expect(
      ending.errors.contains("1 bad line was skipped: ")
        && ending.errors.contains("chat.jsonl:2: the conversation is empty"))
    #expect(ending.output.contains("conversations") && ending.output.contains("of reasoning"))

    let colored = show(["--show-masks", "--skip-bad", "1", "-n", "1"], terminal: true).output
    #expect(colored.contains("\u{1B}[33m<think>\nb\n</think>\u{1B}[0m\u{1B}[32m\n\na b</s>\u{1B}[0m"))
    #expect(!colored.contains("[["))
  }

  @Test func counts() throws {
    let json = try document(
      show(["--skip-bad", "1", "--json", "--length", "12", "--too-long", "truncate"]).output)
    #expect(json["conversations"] as? Int == 2)
    #expect(json["badLines"] as? Int == 1)
    #expect(json["truncated"] as? Int == 2)
    let parts = try ["prompt", "answer", "reasoning"].map { try #require(json[$0] as? Int) }
    #expect(parts.reduce(0, +) == json["tokens"] as? Int && json["tokens"] as? Int == 24)
    #expect(parts.allSatisfy { $0 > 0 })
  }

  @Test func whatIsMissingOrWrongIsNamed() {
    let plain = Fixtures.path("tokenizer_json/bytes-qwen.json")
    for (words, problem) in [
      (["data", "conversations"], "no input"), (["data", "conversations", chat], "no tokenizer"),
      (
        ["data", "conversations", chat, "--tokenizer", model],
        "it cannot be told which tokens are the assistant's"
      ),
      (["data", "conversations", chat, "--tokenizer", plain], "bytes-qwen.json has no chat template"),
      (
        ["data", "conversations", chat, "--tokenizer", model, "--chat-template-file", template],
        "chat.jsonl:2: the conversation is empty"
      ),
      (
        ["data", "conversations", chat, "--tokenizer", model, "--json", "--show-masks"],
        "choose one"
      ),
      (
        ["data", "conversations", chat, "--tokenizer", model, "--chat-template-file", chat], "template"
      ),
      (
        [
          "data", "conversations", chat, "--tokenizer", model, "--chat-template-file", template,
          "--reasoning-end", "",
        ],
        "cannot be empty"
      ),
    ] {
      let ending = runApplication(words)
      #expect(ending.code != 0 && ending.errors.contains(problem), "\(ending)")
    }
  }
}

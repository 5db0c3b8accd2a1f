// Prompts from files: which lines are some, what is left out and counted, and what is said of lines that are none.

import ApusBasics
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

@Suite struct PromptTests {
  private let scratch = ScratchDirectory()
  private static let template =
    "{% for m in messages %}{{ m.role[0] + m.content + '.' }}{% endfor %}{% if add_generation_prompt %}a{% endif %}"

  private func corpus(
    _ lines: String, template: String? = template, length: Int? = nil, skipLimit: Int = 0
  ) throws -> PromptCorpus {
    try writeFile(scratch.file("prompts.jsonl"), Array(lines.utf8))
    return try PromptCorpus(
      [scratch.file("prompts.jsonl")], template: template, fixtureTokenizer("bytes-qwen"), length: length,
      skipLimit: skipLimit)
  }

  @Test("texts and messages, with whatever else a line has")
  func read() throws {
    let tokenizer = try fixtureTokenizer("bytes-qwen")
    let found = try corpus(
      #"{"prompt": "q", "answer": 3}"# + "\n" + #"{"messages": [{"role": "user", "content": "longer"}]}"#
        + "\n" + #"{"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "z"}]}"#)
    #expect(found.prompts.map { tokenizer.text($0.tokens) } == ["uq.a", "ulonger.a", "uq.a"])
    #expect(found.prompts[0].line["answer"]?.int == 3 && found.answered == 1)
    #expect(found.shortest == found.prompts[0].tokens.count && found.longest > found.shortest)
    #expect(found.notes == ["1 conversation ends with an answer, which was left out"])
    let plain = try corpus(#"{"prompt": "q"}"#, template: nil)
    #expect(tokenizer.text(plain.prompts[0].tokens) == "q")
  }

  @Test(
    "what is no prompt",
    arguments: [
      ("words", "each line should be a JSON object"), ("[]", "is no JSON object"),
      (#"{"text": "q"}"#, #"has no member "prompt" or "messages", but "text""#),
      (#"{"prompt": "q", "messages": []}"#, #"has both "prompt" and "messages""#),
      (#"{"prompt": ""}"#, #""prompt" is empty"#), (#"{"messages": []}"#, #""messages" is empty"#),
      (#"{"prompt": 3}"#, #""prompt" is no text and no list of messages"#),
      (
        #"{"messages": [{"role": "user", "content": "q"}, {"role": "user", "content": "q"}]}"#,
        "follows the user's"
      ),
    ])
  func refused(_ line: String, _ problem: String) throws {
    let error = #expect(throws: ReadingError.self) { try corpus(line) }
    let text = error?.description ?? ""
    #expect(text.contains("prompts.jsonl:1: ") && text.contains(problem), "\(text)")
    #expect(text.contains("--skip-bad N") && text.contains("data.skipBad"))
    #expect(try corpus(line + "\n{\"prompt\": \"q\"}", skipLimit: 1).prompts.count == 1)
  }

  @Test("prompts that are too long are counted, and none at all is an error")
  func long() throws {
    let lines = #"{"prompt": "q"}"# + "\n" + #"{"prompt": "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"}"#
    let found = try corpus(lines, length: 12)
    #expect(found.prompts.count == 1 && found.skippedLong == 1 && found.notes.count == 1)
    let error = #expect(throws: PromptError.self) { try corpus(#"{"prompt": "qqqqqqqq"}"#, length: 3) }
    #expect(error?.description.contains("the only prompt of 1 file is longer than 3 tokens") == true)
    let all = #expect(throws: PromptError.self) { try corpus(lines, length: 3) }
    #expect(all?.description.contains("all 2 prompts of 1 file are longer") == true)
  }
}

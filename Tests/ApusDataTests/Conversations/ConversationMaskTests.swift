// Which tokens of a conversation are the assistant's: against transformers where a template marks them, by construction
// where it does not.

import ApusBasics
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

/// The template of ChatML without marks.
let chatML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
  + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

@Suite struct ConversationMaskTests {
  @Test("tokens and masks are those of transformers where a template marks what is generated")
  func marked() throws {
    let template = try text(Fixtures.path("conversations/marked.jinja"))
    let cases = try JSONValue(parsing: #require(readFile(Fixtures.path("conversations/masks.json")))).array!
    let encoder = try ConversationEncoder(template: template, fixtureTokenizer("bytes-qwen"))
    for (number, entry) in cases.enumerated() {
      let messages = try entry["messages"]!.array!.map { try ChatMessage($0) }
      let examples = try encoder.examples(Conversation(messages: messages))
      #expect(examples.count == 1)
      #expect(
        examples[0].tokens.map(Int.init) == entry["tokens"]!.array!.map { $0.int! }, "conversation \(number)")
      #expect(
        examples[0].kinds.map { $0 == .prompt ? 0 : 1 } == entry["mask"]!.array!.map { $0.int! },
        "conversation \(number): \(shown(examples[0]))")
    }
    #expect(cases.count >= 6)
  }

  @Test("a template without marks gives the same mask as one with them")
  func unmarked() throws {
    let template = try text(Fixtures.path("conversations/marked.jinja"))
    let plain = template.split(separator: "\n").filter { !$0.contains("generation -%}") }.joined(
      separator: "\n")
    #expect(plain != template)
    let tokenizer = try fixtureTokenizer("bytes-qwen")
    let cases = try JSONValue(parsing: #require(readFile(Fixtures.path("conversations/masks.json")))).array!
    for entry in cases {
      let conversation = Conversation(messages: try entry["messages"]!.array!.map { try ChatMessage($0) })
      let marked = try ConversationEncoder(template: template, tokenizer).examples(conversation)
      #expect(try ConversationEncoder(template: plain, tokenizer).examples(conversation) == marked)
    }
  }

  /// Two turns, and what of them counts in each example: reasoning in round brackets.
  struct Construction: Sendable, CustomTestStringConvertible {
    var file: String
    var tokens: [String]
    var examples: [[String]]
    var testDescription: String { file }
  }

  static func twoAnswers(_ file: String, _ end: String, _ tokens: [String]) -> Construction {
    Construction(file: file, tokens: tokens + [end], examples: [["Hello there!\(end)", "Bye\n\nnow.\(end)"]])
  }

  static let constructions = [
    twoAnswers("Qwen-Qwen2.5-7B-Instruct.jinja", "<|im_end|>", ["<|im_start|>"]),
    twoAnswers(
      "meta-llama-Llama-3.2-3B-Instruct.jinja", "<|eot_id|>", ["<|start_header_id|>", "<|end_header_id|>"]),
    twoAnswers("google-gemma-2-2b-it.jinja", "<end_of_turn>", ["<start_of_turn>"]),
    twoAnswers("microsoft-Phi-3.5-mini-instruct.jinja", "<|end|>", ["<|user|>", "<|assistant|>"]),
    Construction(
      file: "Qwen-Qwen3-0.6B.jinja", tokens: ["<|im_start|>", "<|im_end|>"],
      examples: [
        ["(<think>\n\n</think>)", "\n\nHello there!<|im_end|>"],
        ["(<think>\n\n</think>)", "\n\nBye\n\nnow.<|im_end|>"],
      ]),
  ]

  @Test(
    "the assistant's words and what ends them, through models' own templates",
    .enabled(if: SharedData.has("templates"), SharedData.reason), arguments: constructions)
  func shared(_ construction: Construction) throws {
    let template = try text(SharedData.path("templates/\(construction.file)"))
    let encoder = try ConversationEncoder(template: template, tokenizer(with: construction.tokens))
    let conversation = Conversation(messages: [
      ChatMessage(role: "user", content: "Hi"), ChatMessage(role: "assistant", content: "Hello there!"),
      ChatMessage(role: "user", content: "And\n"), ChatMessage(role: "assistant", content: "Bye\n\nnow."),
    ])
    let examples = try encoder.examples(conversation)
    #expect(examples.map(shown) == construction.examples)
    for example in examples {
      #expect(example.endless == 0)
      #expect(String(decoding: example.text, as: UTF8.self).contains("Hi"))
    }
  }

  @Test(
    "a template that drops what was thought earlier gives each answer an example of its own",
    .enabled(if: SharedData.has("templates"), SharedData.reason))
  func thinking() throws {
    let template = try text(SharedData.path("templates/Qwen-Qwen3-0.6B.jinja"))
    let encoder = try ConversationEncoder(
      template: template, tokenizer(with: ["<|im_start|>", "<|im_end|>"]))
    let conversation = Conversation(messages: [
      ChatMessage(role: "user", content: "Hi"), try thinking("hm", "One"),
      ChatMessage(role: "user", content: "And?"), try thinking("so", "Two"),
    ])
    let examples = try encoder.examples(conversation)
    #expect(
      examples.map(shown) == [
        ["(<think>\nhm\n</think>)", "\n\nOne<|im_end|>"], ["(<think>\nso\n</think>)", "\n\nTwo<|im_end|>"],
      ])
    #expect(!String(decoding: examples[1].text, as: UTF8.self).contains("hm"))
    #expect(String(decoding: examples[1].text, as: UTF8.self).contains("One"))
  }

  @Test("reasoning is put before the answer where a template does not know it")
  func folded() throws {
    let tokenizer = try tokenizer(with: ["<|im_start|>", "<|im_end|>", "<think>", "</think>"])
    let encoder = try ConversationEncoder(template: chatML, tokenizer)
    let expected = ["(<think>\n3 × 4\n</think>)", "\n\n12<|im_end|>"]
    let example = try encoder.examples(
      Conversation(messages: [ChatMessage(role: "user", content: "<think>?"), thinking(" 3 × 4\n", "12")]))[0]
    #expect(shown(example) == expected)
    // The tags are tokens where they are the assistant's, and plain text in the user's words (F33).
    let ids = tokenizer.vocabulary
    let tags = example.tokens.filter { ["<think>", "</think>"].contains(ids.piece($0)) }
    #expect(tags.count == 2)
    // Written inside the content it is the same.
    let inside = ChatMessage(role: "assistant", content: "<think>\n3 × 4\n</think>\n\n12")
    #expect(
      try encoder.examples(
        Conversation(messages: [ChatMessage(role: "user", content: "<think>?"), inside])) == [example])
    // A tag further on is a word like any other.
    let later = ChatMessage(role: "assistant", content: "say <think> aloud")
    #expect(
      try shown(
        encoder.examples(Conversation(messages: [ChatMessage(role: "user", content: "?"), later]))[0])
        == ["say <think> aloud<|im_end|>"])
  }

  @Test("tags are a setting, and a template may begin every answer with one")
  func tags() throws {
    var settings = ConversationSettings()
    (settings.reasoningBegin, settings.reasoningEnd) = ("[R]", "[/R]")
    let template =
      "{% for m in messages %}{{ m.role[0] + ':' }}{% if m.role == 'assistant' %}[R]{% endif %}"
      + "{{ m.content + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}a:[R]{% endif %}"
    let encoder = try ConversationEncoder(template: template, fixtureTokenizer("bytes-qwen"), settings)
    func example(_ answer: String) throws -> EncodedExample {
      try encoder.examples(
        Conversation(messages: [
          ChatMessage(role: "user", content: "q"), ChatMessage(role: "assistant", content: answer),
        ]))[0]
    }
    #expect(try shown(example("why[/R]because")) == ["(why[/R])", "because<|im_end|>"])
    let unclosed = #expect(throws: BadLine.self) { try example("why") }
    #expect(unclosed?.problem == "the assistant's reasoning begins with [R] and has no [/R]")
  }

  @Test(
    "what cannot be told is refused, with the reason",
    arguments: [
      // The count of messages stands in front, so nothing is a prefix of anything.
      (
        "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}",
        "otherwise once that is there"
      ),
      (
        "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}",
        "writes nothing of message 2"
      ),
      (
        "{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}",
        "message 2 has reasoning that ends with </think>"
      ),
    ])
  func refused(_ template: String, _ problem: String) throws {
    // What begins to think and does not end is not the template's fault.
    let plain = try ConversationEncoder(
      template: "{% for m in messages %}{{ m.content }}{% endfor %}", fixtureTokenizer("bytes-qwen"))
    let endless = #expect(throws: BadLine.self) {
      try plain.examples(
        Conversation(messages: [
          ChatMessage(role: "user", content: "q"), ChatMessage(role: "assistant", content: "<think>r"),
        ]))
    }
    #expect(endless?.problem == "message 2 begins with <think> and has no </think>")
    let encoder = try ConversationEncoder(template: template, fixtureTokenizer("bytes-qwen"))
    let error = #expect(throws: BadLine.self) {
      try encoder.examples(
        Conversation(messages: [ChatMessage(role: "user", content: "q"), thinking("r", "b")]))
    }
    #expect(error?.problem.contains(problem) == true, "\(error!)")
  }

  @Test("a token across the border counts as the assistant's and is counted")
  func straddling() throws {
    let tokenizer = try fixtureTokenizer("bytes-gpt2")
    // A border inside each word: some of these words are one token.
    let words = ["the", "and", "ing", "he", "in", "er", " a", "on"]
    var found = 0
    for word in words {
      let cut = word.index(before: word.endIndex)
      let template =
        "{{ messages[0].content }}{% if messages | length > 1 %}{{ messages[1].content }}{% endif %}"
      let encoder = try ConversationEncoder(template: template, tokenizer)
      let example = try encoder.examples(
        Conversation(messages: [
          ChatMessage(role: "user", content: "x" + word[..<cut]),
          ChatMessage(role: "assistant", content: String(word[cut...])),
        ]))[0]
      let bos = tokenizer.addsBOS ? [try #require(tokenizer.vocabulary.special.bos)] : []
      let expected = bos + (try tokenizer.encode("x" + word, addSpecial: false))
      #expect(example.tokens == expected)
      #expect(example.kinds.last == .answer && example.endless == 1)
      let isCut = example.ends.dropLast().last == example.text.count - 1
      #expect(example.straddling == (isCut ? 0 : 1), "\(word)")
      found += example.straddling
    }
    #expect(found > 0)
  }

  @Test("a tokenizer that changes the text first is aligned at the borders")
  func normalising() throws {
    let encoder = try ConversationEncoder(template: chatML, fixtureTokenizer("bytes-qwen"))
    func examples(_ accent: String) throws -> [EncodedExample] {
      try encoder.examples(
        Conversation(messages: [
          ChatMessage(role: "user", content: "caf\(accent)?"),
          ChatMessage(role: "assistant", content: "th\(accent)!"),
          ChatMessage(role: "user", content: accent), ChatMessage(role: "assistant", content: "ok"),
        ]))
    }
    let (composed, decomposed) = (try examples("\u{E9}"), try examples("e\u{301}"))
    #expect(composed.map(\.tokens) == decomposed.map(\.tokens))
    #expect(composed.map(\.kinds) == decomposed.map(\.kinds))
    #expect(composed[0].text != decomposed[0].text)
  }

  @Test("templates that ask for the date are told the same one every day")
  func date() throws {
    let template = "{{ strftime_now('%d %b %Y') }}" + chatML
    let encoder = try ConversationEncoder(template: template, fixtureTokenizer("bytes-qwen"))
    let example = try encoder.examples(
      Conversation(messages: [
        ChatMessage(role: "user", content: "q"), ChatMessage(role: "assistant", content: "a"),
      ]))[0]
    #expect(String(decoding: example.text, as: UTF8.self).hasPrefix("01 Jan 2025<|im_start|>"))
  }

  @Test("longer examples are skipped or cut, and counted")
  func tooLong() throws {
    let folder = ScratchDirectory()
    func line(_ question: Int, _ answer: Int) -> String {
      let (q, a) = (String(repeating: "q", count: question), String(repeating: "z", count: answer))
      return
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\(q)\"},{\"role\":\"assistant\",\"content\":\"\(a)\"}]}\n"
    }
    let path = folder.write("a.jsonl", Array((line(1, 1) + line(1, 400) + line(400, 1)).utf8))
    func read(_ policy: ConversationSettings.TooLong, _ length: Int) throws -> (
      TokenDataset, ConversationReport
    ) {
      var settings = ConversationSettings()
      (settings.length, settings.tooLong) = (length, policy)
      return try ConversationCorpus(
        ConversationEncoder(template: chatML, fixtureTokenizer("bytes-qwen"), settings)
      ).read([path])
    }
    let (skipped, skipReport) = try read(.skip, 64)
    #expect(skipped.documentCount == 1 && skipReport.skippedLong == 2 && skipReport.truncated == 0)
    #expect(skipReport.notes.contains { $0.contains("2 examples were skipped because they are too long") })
    let (cut, cutReport) = try read(.truncate, 64)
    #expect(cut.documentCount == 2 && cut.range(ofDocument: 1).count == 64)
    #expect(cutReport.skippedLong == 1 && cutReport.nothingLeft == 1 && cutReport.truncated == 1)
    #expect(cutReport.tokenCount == cut.tokenCount && cutReport.longest > 64)
    let none = #expect(throws: ConversationError.self) { try read(.skip, 2) }
    #expect(
      none?.description.contains("all 3 examples of 1 file are longer than 2 tokens") == true, "\(none!)")
  }

  // MARK: Support

  private func thinking(_ reasoning: String, _ answer: String) throws -> ChatMessage {
    var object = ChatMessage(role: "assistant", content: answer).object
    object["reasoning_content"] = .string(reasoning)
    return try ChatMessage(.object(object))
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try #require(readFile(path)), as: UTF8.self)
  }

  /// Bytes and a few merges, with these control tokens.
  private func tokenizer(with tokens: [String]) throws -> any Tokenizer {
    let file = try #require(readFile(Fixtures.path("tokenizer_json/bytes-gpt2.json")))
    var document = try JSONValue(parsing: file).object!
    var added = document["added_tokens"]!.array!
    for token in tokens {
      var entry = added[0].object!
      entry["id"] = .int(Int64(446 + added.count))
      entry["content"] = .string(token)
      added.append(.object(entry))
    }
    document["added_tokens"] = .array(added)
    let bytes = Array(JSONValue.object(document).serialized().utf8)
    return try bytes.withUnsafeBytes { try HuggingFaceTokenizer.make($0, config: nil, name: "tokens") }
  }

  /// The runs of one kind that count, reasoning in round brackets.
  private func shown(_ example: EncodedExample) -> [String] {
    var runs: [String] = []
    var start = 0
    while start < example.kinds.count {
      let kind = example.kinds[start]
      var end = start
      while end < example.kinds.count, example.kinds[end] == kind { end += 1 }
      let bytes = example.text[(start == 0 ? 0 : example.ends[start - 1])..<example.ends[end - 1]]
      let text = String(decoding: bytes, as: UTF8.self)
      if kind != .prompt { runs.append(kind == .answer ? text : "(\(text))") }
      start = end
    }
    return runs
  }
}

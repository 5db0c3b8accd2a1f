// Preferences from lines of JSON to rows of tokens: layouts, masks, what is refused, what is too long, and the order.

import ApusBasics
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

@Suite struct PreferenceTests {
  private let folder = ScratchDirectory()

  /// Marks roles by their first letters; the assistant's turn ends with a token that ends answers.
  private static let template =
    "{% for m in messages %}{{ m.role[0] + '\\n' + m.content + ('<|im_end|>' if m.role == 'assistant' else '.') }}{% endfor %}"
    + "{% if add_generation_prompt %}{{ 'a\\n' }}{% endif %}"
  /// The same with marks around what the assistant says.
  private static let marked =
    "{% for m in messages %}{% if m.role == 'assistant' %}{{ 'a\\n' }}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}"
    + "{% else %}{{ m.role[0] + '\\n' + m.content + '.' }}{% endif %}{% endfor %}"
    + "{% if add_generation_prompt %}{{ 'a\\n' }}{% endif %}"

  private func encoder(
    _ template: String = Self.template, _ change: (inout ConversationSettings) -> Void = { _ in }
  ) throws -> ConversationEncoder {
    var settings = ConversationSettings()
    change(&settings)
    return try ConversationEncoder(template: template, fixtureTokenizer("bytes-qwen"), settings)
  }

  private func write(_ lines: [String], _ name: String = "pairs.jsonl") -> String {
    folder.write(name, Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  /// Each answer with what counts in brackets.
  private func marks(
    _ line: String, _ kind: PreferenceKind = .pairs, _ template: String = Self.template
  ) throws -> [String] {
    let encoder = try encoder(template)
    return try encoder.preference(line: Array(line.utf8), kind).answers.map { answer in
      var text = ""
      var (start, previous) = (0, ConversationPart.prompt)
      for (end, kind) in zip(answer.ends, answer.kinds) {
        if (kind == .prompt) != (previous == .prompt) { text += kind == .prompt ? "]" : "[" }
        text += String(decoding: answer.text[start..<end], as: UTF8.self)
        (start, previous) = (end, kind)
      }
      return text + (previous == .prompt ? "" : "]")
    }
  }

  private func problem(_ line: String, _ kind: PreferenceKind = .pairs) throws -> String? {
    let encoder = try encoder()
    do throws(BadLine) {
      _ = try encoder.preference(line: Array(line.utf8), kind)
      return nil
    } catch {
      return error.problem
    }
  }

  static let layouts = [
    #"{"prompt": "q", "chosen": "y", "rejected": "n", "score": 3}"#,
    #"{"prompt": [{"role": "user", "content": "q"}], "chosen": "y", "rejected": "n"}"#,
    #"{"prompt": "q", "chosen": [{"role": "assistant", "content": "y"}], "rejected": "n"}"#,
    #"{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "y"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "n"}]}"#,
    #"{"prompt": "q", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "y"}], "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "n"}]}"#,
  ]

  @Test("every layout gives the same two answers", arguments: layouts, [template, marked])
  func layout(_ line: String, _ template: String) throws {
    #expect(try marks(line, .pairs, template) == ["u\nq.a\n[y<|im_end|>]", "u\nq.a\n[n<|im_end|>]"])
  }

  @Test("an answer that was drawn may break off while it thinks", arguments: [template, marked])
  func brokenOff(_ template: String) throws {
    let line = #"{"prompt": "q", "chosen": "<think>\nr\n</think>\ny", "rejected": "<think>\nr"}"#
    #expect(
      try marks(line, .pairs, template) == [
        "u\nq.a\n[<think>\nr\n</think>\ny<|im_end|>]", "u\nq.a\n[<think>\nr<|im_end|>]",
      ])
    let broken = try encoder(template).preference(line: Array(line.utf8), .pairs).answers[1]
    #expect(!broken.kinds.contains(.answer))
  }

  @Test("only the answer counts, whatever the assistant said before", arguments: [template, marked])
  func turns(_ template: String) throws {
    let prompt =
      #"[{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "r"}]"#
    let line = #"{"prompt": \#(prompt), "chosen": "y", "rejected": "n"}"#
    #expect(
      try marks(line, .pairs, template) == [
        "s\ns.u\nq.a\nx<|im_end|>u\nr.a\n[y<|im_end|>]", "s\ns.u\nq.a\nx<|im_end|>u\nr.a\n[n<|im_end|>]",
      ])
    let single = #"{"prompt": \#(prompt), "completion": "y", "label": false}"#
    #expect(try marks(single, .singles, template) == ["s\ns.u\nq.a\nx<|im_end|>u\nr.a\n[y<|im_end|>]"])
  }

  @Test("answers of several turns count where the assistant speaks")
  func longAnswer() throws {
    let answer =
      #"[{"role": "assistant", "content": "y"}, {"role": "user", "content": "r"}, {"role": "assistant", "content": "z"}]"#
    let line = #"{"prompt": "q", "chosen": \#(answer), "rejected": "n"}"#
    #expect(try marks(line) == ["u\nq.a\n[y<|im_end|>]u\nr.a\n[z<|im_end|>]", "u\nq.a\n[n<|im_end|>]"])
  }

  static let bad: [(String, PreferenceKind, String)] = [
    ("{", .pairs, "column"), ("[]", .pairs, "is no JSON object"),
    (#"{"prompt": "q", "chosen": "y"}"#, .pairs, #"has no member "rejected""#),
    (#"{"prompt": "q", "chosen": "y", "rejected": 3}"#, .pairs, #""rejected" is no text and no list"#),
    (#"{"prompt": "q", "chosen": "", "rejected": "n"}"#, .pairs, #""chosen" is empty"#),
    (#"{"prompt": "q", "chosen": "y", "rejected": []}"#, .pairs, #""rejected" is empty"#),
    (#"{"prompt": "", "chosen": "y", "rejected": "n"}"#, .pairs, #""prompt" is empty"#),
    (#"{"prompt": [], "chosen": "y", "rejected": "n"}"#, .pairs, #""prompt" is empty"#),
    (#"{"prompt": "q", "chosen": "y", "rejected": "y"}"#, .pairs, "are the same"),
    (#"{"chosen": "y", "rejected": "n"}"#, .pairs, #"has no "prompt""#),
    (
      #"{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "y"}], "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "n"}]}"#,
      .pairs, "begin with different messages"
    ),
    (
      #"{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "y"}], "rejected": [{"role": "user", "content": "q"}]}"#,
      .pairs, "is the beginning of the other"
    ),
    (
      #"{"prompt": "q", "chosen": [{"role": "user", "content": "y"}], "rejected": "n"}"#, .pairs,
      #""chosen" is the user's and follows the prompt"#
    ),
    (
      #"{"prompt": [{"role": "assistant", "content": "q"}], "chosen": "y", "rejected": "n"}"#, .pairs,
      #""chosen" after the prompt: message 1 is the assistant's and is the first"#
    ),
    (
      #"{"prompt": "q", "chosen": [{"role": "assistant", "content": ""}], "rejected": "n"}"#, .pairs,
      "message 2 is the assistant's and is empty"
    ),
    (#"{"prompt": "q", "completion": "y", "label": true}"#, .pairs, #"single answers are for "kto""#),
    (#"{"messages": []}"#, .pairs, #"has no member "chosen", but "messages""#),
    (#"{"prompt": "q", "completion": "y"}"#, .singles, #"has no member "label""#),
    (#"{"prompt": "q", "chosen": "y", "rejected": "n"}"#, .singles, "is a pair"),
    (#"{"prompt": "q", "completion": "y", "label": 1}"#, .singles, #""label" is not true or false"#),
    (#"{"prompt": "q", "completion": "", "label": true}"#, .singles, #""completion" is empty"#),
  ]

  @Test("what is no preference is said to be none", arguments: bad)
  func refused(_ line: String, _ kind: PreferenceKind, _ expected: String) throws {
    let found = try problem(line, kind)
    #expect(found?.contains(expected) == true, "\(line): \(found ?? "nothing")")
  }

  @Test("answers that the template writes alike are none to compare")
  func sameOnceWritten() throws {
    let encoder = try encoder(
      "{% for m in messages %}{{ m.role[0] + '\\n' + m.content | trim + '<|im_end|>' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ 'a\\n' }}{% endif %}")
    let line = Array(#"{"prompt": "q", "chosen": "y", "rejected": "y "}"#.utf8)
    let error = #expect(throws: BadLine.self) { try encoder.preference(line: line, .pairs) }
    #expect(error?.problem.contains("once the template has written them down") == true)
  }

  @Test("bad lines are told with their number, or counted")
  func badLines() throws {
    let path = write([Self.layouts[0], #"{"prompt": "q", "chosen": "y"}"#, Self.layouts[1]])
    let error = #expect(throws: ReadingError.self) { try PreferenceCorpus(encoder(), .pairs).read([path]) }
    #expect(error?.description.contains("pairs.jsonl:2: has no member \"rejected\"") == true, "\(error!)")
    let (dataset, report) = try PreferenceCorpus(encoder { $0.skipLimit = 1 }, .pairs).read([path])
    #expect(dataset.count == 2 && report.kept == 2 && report.reading.badLines == 1)
    #expect(report.notes.first?.hasPrefix("1 bad line was skipped: ") == true)
  }

  private func pair(_ chosen: String, _ rejected: String) -> String {
    #"{"prompt": "qq", "chosen": "\#(chosen)", "rejected": "\#(rejected)"}"#
  }

  /// The prompt is seven tokens, and each digit and `<|im_end|>` is one.
  @Test("too long is skipped or cut, and counted")
  func tooLong() throws {
    let path = write([
      pair("123", "12345678"), pair("12", "34"), pair("12345", "12346"), pair("12345678", "9"),
    ])
    let skipped = try PreferenceCorpus(encoder { $0.length = 11 }, .pairs).read([path])
    #expect(skipped.report.kept == 1 && skipped.report.skippedLong == 3 && skipped.report.longest == 16)
    #expect(skipped.report.answerTokens == 6 && skipped.report.promptTokens == 14)
    let cut = try PreferenceCorpus(
      encoder {
        $0.length = 11
        $0.tooLong = .truncate
      }, .pairs
    ).read([path])
    // What the third pair differs in lies behind the limit.
    #expect(cut.report.kept == 3 && cut.report.truncated == 2)
    #expect(cut.report.skippedLong == 1 && cut.report.nothingLeft == 1)
    #expect(cut.dataset.sequence(1, ofRow: 0).tokens.count == 11)
    #expect(cut.dataset.sequence(1, ofRow: 0).answerCount == 4)
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceCorpus(encoder { $0.length = 8 }, .pairs).read([path])
    }
    #expect(error?.description.contains("all 4 preferences of 1 file are longer than 8 tokens") == true)
  }

  @Test("single answers stand beside answers of other rows, behind their own prompt")
  func singles() throws {
    let path = write(
      (0..<5).map {
        #"{"prompt": "\#($0)", "completion": "\#("56789".prefix($0 + 1))", "label": \#($0 % 2 == 0)}"#
      },
      "singles.jsonl")
    let (dataset, report) = try PreferenceCorpus(encoder { $0.length = 11 }, .singles).read([path])
    #expect(dataset.count == 4 && report.skippedLong == 1 && report.desirable == 2)
    let tokenizer = try fixtureTokenizer("bytes-qwen")
    func text(_ index: Int, _ row: Int) -> String {
      let tokens = Array(dataset.sequence(index, ofRow: row).tokens)
      return String(decoding: tokenizer.decode(tokens, special: true), as: UTF8.self)
    }
    // Half of four rows away.
    func all(_ index: Int) -> [String] { (0..<4).map { text(index, $0) } }
    #expect(all(0) == ["u\n0.a\n5", "u\n1.a\n56", "u\n2.a\n567", "u\n3.a\n5678"].map { $0 + "<|im_end|>" })
    #expect(all(1) == ["u\n0.a\n567", "u\n1.a\n5678", "u\n2.a\n5", "u\n3.a\n56"].map { $0 + "<|im_end|>" })
    #expect((0..<4).map { dataset.isDesirable($0) } == [true, false, true, false])
  }

  @Test("all rows come in each epoch, in another order; data and seed decide which")
  func order() throws {
    let path = write((0..<20).map { pair("a\($0)", "b") })
    let dataset = try PreferenceCorpus(encoder(), .pairs).read([path]).dataset
    let plan = PreferencePlan(dataset, seed: 3, shuffles: true)
    let epochs = (0..<3).map { epoch in (0..<20).map { plan.row(at: 20 * epoch + $0) } }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<20)) }
    #expect(epochs[0] != epochs[1] && epochs[1] != epochs[2])
    #expect(PreferencePlan(dataset, seed: 3, shuffles: true).identity == plan.identity)
    #expect(PreferencePlan(dataset, seed: 4, shuffles: true).identity != plan.identity)
    let other = try PreferenceCorpus(encoder(), .pairs).read([write((0..<20).map { pair("a\($0)", "c") })])
    #expect(other.dataset.identity != dataset.identity)
    let unshuffled = PreferencePlan(dataset, seed: 3, shuffles: false)
    #expect((0..<25).map { unshuffled.row(at: $0) } == Array(0..<20) + Array(0..<5))
  }
}

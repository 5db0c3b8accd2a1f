// Lines that are conversations, and every way in which one is not.

import ApusBasics
import ApusTestSupport
import ApusText
import Testing

@testable import ApusData

@Suite struct ConversationTests {
  static let user = #"{"role":"user","content":"a"}"#
  static let answer = #"{"role":"assistant","content":"b"}"#
  static let call =
    #"{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{\"x\": 1}"}}]}"#
  static let tool = #"{"role":"tool","content":"7"}"#

  private func problem(_ line: String) -> String? {
    do throws(BadLine) {
      _ = try Conversation(line: Array(line.utf8))
      return nil
    } catch {
      return error.problem
    }
  }

  private func read(_ messages: String...) throws -> Conversation {
    try Conversation(line: Array("{\"messages\":[\(messages.joined(separator: ","))]}".utf8))
  }

  static let badLines: [(line: String, problem: String)] = [
    ("", "column 1"), (#"{"messages":[{"#, "each line should be a JSON object"),
    ("[1]", "is no JSON object; each line should be one"),
    (#"{"conversations":[],"id":1}"#, "has no member \"messages\", but \"conversations\", \"id\""),
    (#"{"text":"a"}"#, "has no member \"messages\", but \"text\""),
    (#"{"messages":"a"}"#, "\"messages\" is no list"),
    (#"{"messages":[]}"#, "the conversation is empty"),
    (#"{"messages":[7]}"#, "message 1 is no JSON object"),
    (#"{"messages":[{"content":"a"}]}"#, "message 1 has no \"role\""),
    (
      #"{"messages":[\#(user),{"role":"bot","content":"a"}]}"#,
      "message 2 has the unknown role \"bot\"; there are system"
    ),
    (#"{"messages":[\#(user),{"role":"assistant"}]}"#, "message 2 has no \"content\""),
    (#"{"messages":[\#(user),{"role":"assistant","content":null}]}"#, "message 2 has no \"content\""),
    (
      #"{"messages":[\#(user),{"role":"assistant","content":""}]}"#,
      "message 2 is the assistant's and is empty"
    ),
    (#"{"messages":[{"role":"user","content":7}]}"#, "message 1 has a \"content\" that is no text"),
    (
      #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#,
      "message 1 has a part of type \"image_url\""
    ),
    (
      #"{"messages":[{"role":"user","content":"a","reasoning_content":"b"},\#(answer)]}"#,
      "message 1 is the user's and has \"reasoning_content\""
    ),
    (
      #"{"messages":[\#(user),{"role":"assistant","content":"a","reasoning_content":3}]}"#,
      "\"reasoning_content\" that is no text"
    ),
    (
      #"{"messages":[{"role":"user","content":"a","tool_calls":[1]}]}"#,
      "message 1 is the user's and has \"tool_calls\""
    ),
    (#"{"messages":[\#(user)]}"#, "the last message is the user's"),
    (#"{"messages":[\#(user),\#(call),\#(tool)]}"#, "the last message is the tool's"),
    (
      #"{"messages":[\#(answer),\#(user)]}"#,
      "message 1 is the assistant's and is the first; system or user should"
    ),
    (
      #"{"messages":[\#(user),\#(user)]}"#,
      "message 2 is the user's and follows the user's; assistant should"
    ),
    (
      #"{"messages":[\#(user),\#(answer),\#(answer)]}"#,
      "message 3 is the assistant's and follows the assistant's; user should"
    ),
    (
      #"{"messages":[\#(user),{"role":"system","content":"s"},\#(answer)]}"#,
      "message 2 is the system's and follows the user's; assistant should"
    ),
    (
      #"{"messages":[\#(user),\#(answer),\#(tool)]}"#,
      "message 3 is the tool's and follows the assistant's; user should"
    ),
    (
      #"{"messages":[\#(user),\#(call),\#(user)]}"#,
      "message 3 is the user's and follows the assistant's call of a tool; tool should"
    ),
    (#"{"messages":[\#(user),\#(answer)],"tools":"f"}"#, "\"tools\" is no list"),
  ]

  @Test("what is wrong with a line is said, with the message's number", arguments: badLines)
  func bad(_ line: String, _ expected: String) {
    #expect(problem(line)?.contains(expected) == true, "\(line): \(problem(line) ?? "nothing wrong")")
  }

  @Test func good() throws {
    let plain = try read(#"{"role":"system","content":"s"}"#, Self.user, Self.answer, Self.user, Self.answer)
    #expect(plain.messages.map(\.role) == ["system", "user", "assistant", "user", "assistant"])
    #expect(plain.tools == nil)
    let parts = try read(
      #"{"role":"user","content":[{"type":"text","text":"one "},{"type":"text","text":"two"}]}"#, Self.answer)
    #expect(parts.messages[0].content == "one two")
    let tools = try read(Self.user, Self.call, Self.tool, Self.tool, Self.answer)
    // Templates want arguments as an object and some text as content.
    #expect(tools.messages[1].content == "")
    let function = tools.messages[1].object["tool_calls"]?.array?[0]["function"]
    #expect(function?["arguments"]?["x"]?.int == 1)
    let thinking = try read(Self.user, #"{"role":"assistant","content":"b","reasoning_content":"r"}"#)
    #expect(thinking.messages[1].object["reasoning_content"]?.string == "r")
  }

  @Test("every bad line of a file is told, or skipped and counted")
  func files() throws {
    let folder = ScratchDirectory()
    let good = #"{"messages":[\#(Self.user),\#(Self.answer)]}"#
    let path = folder.write(
      "chat.jsonl",
      Array(
        [good, #"{"messages":[]}"#, "", good, #"{"messages":[\#(Self.answer)]}"#, good].joined(
          separator: "\n"
        ).utf8))
    func read(skipping limit: Int, _ template: String = chatML) throws -> ConversationReport {
      var settings = ConversationSettings()
      settings.skipLimit = limit
      let encoder = try ConversationEncoder(template: template, fixtureTokenizer("bytes-qwen"), settings)
      return try ConversationCorpus(encoder).read([path]).report
    }
    #expect(throws: ReadingError.bad(InputPlace(path: path, line: 2), problem: "the conversation is empty")) {
      try read(skipping: 0)
    }
    let second = #expect(throws: ReadingError.self) { try read(skipping: 1) }
    #expect(second?.description.contains("chat.jsonl:5: message 1 is the assistant's") == true)
    let report = try read(skipping: 2)
    #expect(report.conversations == 3 && report.examples == 3 && report.reading.badLines == 2)
    #expect(
      report.notes.first?.hasPrefix("2 bad lines were skipped, the first: \(path):2: ") == true,
      "\(report.notes)")

    // A template that refuses is told with its own words.
    let refusing =
      "{% for m in messages %}\n{% if m.content == 'a' %}\n{{ raise_exception('no a please') }}{% endif %}{% endfor %}"
    let refused = #expect(throws: ReadingError.self) { try read(skipping: 0, refusing) }
    #expect(
      refused?.description.contains("chat.jsonl:1: template, line 3: no a please") == true, "\(refused!)")
    let none = #expect(throws: ConversationError.self) { try read(skipping: 10, refusing) }
    #expect(none?.description.contains("no conversation in 1 file") == true)
    #expect(throws: ConversationError.self) { try read(skipping: 0, "{% if %}") }
  }
}

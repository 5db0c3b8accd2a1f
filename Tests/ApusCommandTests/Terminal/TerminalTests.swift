// Streams, filters, tables and bars: what reaches the terminal.

import ApusBasics
import Testing

@testable import ApusCommand

@Suite struct TerminalTests {
  @Test(arguments: [
    ("plain\ttext\n", "plain\ttext\n"),
    ("\u{1B}[31mred\u{1B}[0m", "[31mred[0m"),
    ("bell\u{07} back\u{08} return\r delete\u{7F}", "bell back return delete"),
    ("C1 \u{9B}31m \u{85}", "C1 31m "),
    ("£ © é ¿ 日本 🐦", "£ © é ¿ 日本 🐦"),
    ("\u{00}", ""),
  ])
  func controlCharactersAreTakenOutOnATerminal(_ text: String, _ expected: String) throws {
    // F59, with the text cut at every byte: the filter must not depend on where the pieces end.
    let bytes = Array(text.utf8)
    for cut in 0...bytes.count {
      let channel = OutputChannel(inMemory: true)
      try channel.writeForeign(bytes[..<cut])
      try channel.writeForeign(bytes[cut...])
      #expect(channel.text == expected, "cut at \(cut)")
    }
    let piped = OutputChannel(inMemory: false)
    try piped.writeForeign(bytes)
    #expect(piped.text == text)
  }

  @Test func ownTextKeepsItsControls() throws {
    let channel = OutputChannel(inMemory: true)
    try channel.write("\u{1B}[1mbold\u{1B}[0m")
    #expect(channel.text == "\u{1B}[1mbold\u{1B}[0m")
  }

  @Test(
    arguments: [
      ("", [.end]),
      ("one\n", [.text("one"), .end]),
      ("one", [.text("one"), .end]),
      ("one\r\ntwo\n\nfour", [.text("one"), .text("two"), .text(""), .text("four"), .end, .end]),
      ("Grüße 🐦\n", [.text("Grüße 🐦"), .end]),
    ] as [(String, [InputChannel.Line])])
  func linesAreRead(_ text: String, _ expected: [InputChannel.Line]) throws {
    let channel = InputChannel(inMemory: Array(text.utf8))
    for line in expected { #expect(try channel.readLine() == line) }
  }

  @Test func allInputIsReadUpToTheLimit() throws {
    #expect(try InputChannel(inMemory: [1, 2, 3]).readAll(limit: 3) == [1, 2, 3])
    #expect(throws: CommandError.failure("standard input is longer than 2 bytes")) {
      try InputChannel(inMemory: [1, 2, 3]).readAll(limit: 2)
    }
    let mixed = InputChannel(inMemory: Array("first\nrest".utf8))
    #expect(try mixed.readLine() == .text("first"))
    #expect(try mixed.readAll(limit: 10) == Array("rest".utf8))
  }

  @Test func coloursAreForTerminalsThatWantThem() {
    #expect(memoryConsole(terminal: true).usesColor)
    #expect(!memoryConsole(terminal: false).usesColor)
    #expect(!memoryConsole(terminal: true, environment: ["NO_COLOR": "1"]).usesColor)
    #expect(memoryConsole(terminal: true, environment: ["NO_COLOR": ""]).usesColor)
    #expect(!memoryConsole(terminal: true, environment: ["TERM": "dumb"]).usesColor)
  }

  @Test func tablesAlign() {
    var table = Table([("test", .left), ("t/s", .right)])
    table.append(["pp512", "12.5"])
    table.append(["tg", "1"])
    #expect(table.lines() == ["test    t/s", "pp512  12.5", "tg        1"])
    #expect(
      table.lines(.markdown) == [
        "| test  |  t/s |", "| ----- | ---: |", "| pp512 | 12.5 |", "| tg    |    1 |",
      ])
  }

  @Test func progressBarShowsShareRateAndRemainingTime() {
    let line = ProgressBar.line(
      "quantizing", done: 250, total: 1000, unit: .items("tensors"), seconds: 5, width: 80)
    #expect(line == "quantizing [========                          ]  25 %  50.0 tensors/s  ETA 0:15")
    for width in 0...120 {
      let line = ProgressBar.line("quantizing", done: 1, total: 3, unit: .bytes, seconds: 1, width: width)
      #expect(line.count <= max(0, width - 1), "width \(width)")
    }
    // Nothing done yet, nothing to do, more done than there is.
    #expect(
      ProgressBar.line("x", done: 0, total: 9, unit: .bytes, seconds: 0, width: 80).hasSuffix("ETA -:--"))
    #expect(ProgressBar.line("x", done: 0, total: 0, unit: .bytes, seconds: 0, width: 80).contains("100 %"))
    #expect(ProgressBar.line("x", done: 9, total: 3, unit: .bytes, seconds: 1, width: 80).contains("100 %"))
  }

  @Test func progressBarIsForTerminalsOnly() {
    for isTerminal in [false, true] {
      let console = memoryConsole(terminal: isTerminal)
      var bar = ProgressBar("work", total: 10, on: console)
      bar.update(10)
      bar.finish()
      #expect(console.errors.text.isEmpty == !isTerminal)
      #expect(console.output.text.isEmpty)
    }
  }

  @Test(arguments: [
    ("plain", "plain"), ("a\nb", "a\\nb"), ("\u{1B}[0m", "\\u{1B}[0m"),
    (String(repeating: "x", count: 90), String(repeating: "x", count: 80) + "…"),
  ])
  func errorsShowNamesSafely(_ text: String, _ expected: String) {
    #expect(visible(text) == expected)
  }
}

// JSON: what must be read, what must be refused, and that writing gives it back.

import ApusBasics
import Testing

@Suite struct JSONTests {
  @Test(
    "valid texts, and how they are written again",
    arguments: [
      ("[]", "[]"), (" { } ", "{}"), ("null", "null"), ("[true,false]", "[true,false]"), ("\"\"", "\"\""),
      ("{\"b\":1,\"a\":[{}]}", "{\"b\":1,\"a\":[{}]}"), ("-0", "-0.0"), ("0", "0"), ("-12", "-12"),
      ("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9.223372036854776e+18"),
      ("1.5e3", "1500.0"), ("1E-2", "0.01"), ("0.1", "0.1"), ("[1 , 2\n]", "[1,2]"),
      ("123456789.125", "123456789.125"),
      ("\"\\u00e9\\n\\\\\\/\\\"\"", "\"é\\n\\\\/\\\"\""), ("\"\\ud83d\\ude00\"", "\"😀\""),
      ("\"\\u0000\"", "\"\\u0000\""),
      ("\"日本\"", "\"日本\""), ("{\"\":0}", "{\"\":0}"), ("[[[[[]]]]]", "[[[[[]]]]]"),
    ])
  func valid(_ text: String, _ written: String) throws {
    #expect(try JSONValue(parsing: text).serialized() == written)
  }

  @Test(
    "invalid texts",
    arguments: [
      "", " ", "{", "[", "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{a:1}", "{'a':1}", "01", "-", "1.",
      ".5", "1e", "+1",
      "NaN", "Infinity", "tru", "nulll", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"",
      "\"\\ud800\\u0041\"",
      "\"\t\"", "[1]x", "// c\n1", "/* c */1", "{\"a\":1,\"a\":2}", "[,1]", "{,}", "1e999", "\u{FEFF}1",
      "[\"a\"",
      "{\"a\"}", "]", "}", "--1", "0x1",
    ])
  func invalid(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test("bytes that are no UTF-8")
  func badUTF8() {
    for bytes: [UInt8] in [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0x5C, 0x6E, 0xFF, 0x22],
    ] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }
  }

  @Test("an error says where")
  func place() throws {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\n  \"a\": [1,\n  x]\n}") }
    #expect(error?.line == 3 && error?.column == 3)
  }

  @Test("depth is limited")
  func depth() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
    #expect(throws: Never.self) {
      try JSONValue(parsing: String(repeating: "[", count: 128) + String(repeating: "]", count: 128))
    }
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "[", count: 129) + String(repeating: "]", count: 129))
    }
  }

  @Test("objects keep their order, replace, remove, and find keys by bytes")
  func objects() throws {
    var object = JSONObject()
    for index in 0..<40 { object["k\(index)"] = .int(Int64(index)) }
    object["k3"] = .string("x")
    object["k5"] = nil
    #expect(
      object.count == 39 && object["k3"] == .string("x") && object["k5"] == nil && object["k39"] == .int(39))
    #expect(object.keys.prefix(6) == ["k0", "k1", "k2", "k3", "k4", "k6"])
    // é as one scalar and as two are equal strings in Swift, but not the same key.
    let two = try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}").object
    #expect(two?.count == 2 && two?["e\u{301}"] == .int(2))
  }

  @Test("doubles read back to the same bits")
  func doubles() throws {
    var state: UInt64 = 42
    for _ in 0..<10_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      guard value.isFinite else { continue }
      let again = try JSONValue(parsing: JSONValue.double(value).serialized())
      #expect(again.double?.bitPattern == value.bitPattern)
    }
  }

  @Test("pretty text")
  func pretty() throws {
    let value = try JSONValue(parsing: "{\"a\":[1,{}],\"b\":[]}")
    #expect(value.serialized(pretty: true) == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}")
  }
}

// F22 and its neighbours: a file of another kind is named, with what to do.

import ApusFiles
import Testing

@Suite struct OtherFormatTests {
  @Test(
    "F22: other formats are named",
    arguments: [
      ([0x50, 0x4B, 3, 4] as [UInt8], "PyTorch pickle"), ([0x80, 2, 0x7D, 0x71], "PyTorch pickle"),
      ([64, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a\":".utf8), "safetensors"), (Array("{\"a\": 1}".utf8), "JSON"),
      (Array("GGML1234".utf8), "starts with the bytes 47 47 4d 4c"),
    ])
  func named(_ start: [UInt8], _ expected: String) {
    let bytes = start + [UInt8](repeating: 7, count: 64)
    let error = #expect(throws: GGUFError.self) { try GGUFFile(bytes: bytes, name: "x.bin") }
    #expect(error?.description.contains(expected) ?? false, "\(String(describing: error))")
  }
}

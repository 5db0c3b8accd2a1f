// What a file is when it is no GGUF file: people point at the file they downloaded.

extension GGUFContents {
  /// What the file seems to be and what to do, or nil when nothing is recognised.
  static func otherFormat(of bytes: UnsafeRawBufferPointer) -> String? {
    let convert = "convert it to GGUF first, with llama.cpp's convert_hf_to_gguf.py"
    if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) || bytes.starts(with: [0x80, 0x02]) {
      // Loading a pickle runs whatever code is in it (fault F22).
      return "it is a PyTorch pickle, which is not read because it can hold any program; \(convert)"
    }
    if bytes.count > 9, bytes[8] == UInt8(ascii: "{"), bytes[5..<8].allSatisfy({ $0 == 0 }) {
      return "it is a safetensors file; \(convert)"
    }
    if bytes[0] == UInt8(ascii: "{") { return "it is JSON" }
    return nil
  }
}

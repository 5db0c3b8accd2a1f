// A number that tells whether ids mean the same to two tokenizers.

import ApusText

extension Tokenizer {
  /// A hash of the text of every id.
  ///
  /// Equal for a tokenizer in a GGUF file and in a Hugging Face folder, because it depends on what ids stand for only:
  /// not on merges, not on what ids are called special.
  ///
  /// - Complexity: O(bytes of all pieces).
  public var fingerprint: UInt64 {
    var hash = StableHash()
    hash.add(UInt64(vocabulary.count))
    for id in 0..<Int32(vocabulary.count) {
      withBytes(of: id, special: true) { bytes in
        hash.add(UInt64(bytes.count))
        hash.add(bytes)
      }
    }
    return hash.value
  }
}

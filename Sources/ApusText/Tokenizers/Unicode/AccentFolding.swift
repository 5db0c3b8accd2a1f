// Characters without their accents, as BERT's normaliser makes them: decomposed by Unicode's canonical rule, then
// without \p{Mn}. The decompositions are in AccentTable; Hangul's are computed.

/// What is left of a character without accents.
struct AccentFolding: Sendable {
  /// The one table.
  static let table = AccentFolding()

  /// Where the entry of a scalar is in `AccentTable.words`.
  private let entries: [UInt32: Int]

  private init() {
    var entries: [UInt32: Int] = [:]
    entries.reserveCapacity(2200)
    var index = 0
    while index < AccentTable.words.count {
      let word = AccentTable.words[index]
      entries[word & 0xFF_FFFF] = index
      index += 1 + Int(word >> 24)
    }
    self.entries = entries
  }

  /// Calls `body` with each scalar that is left of `scalar`; a mark that is no part of a character stays.
  func fold(_ scalar: UInt32, _ body: (UInt32) -> Void) {
    if scalar < 0xC0 { return body(scalar) }
    if Hangul.decompose(scalar, body) { return }
    guard let entry = entries[scalar] else { return body(scalar) }
    for index in entry + 1..<entry + 1 + Int(AccentTable.words[entry] >> 24) {
      body(AccentTable.words[index])
    }
  }
}

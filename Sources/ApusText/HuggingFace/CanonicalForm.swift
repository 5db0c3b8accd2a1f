// Unicode's canonical normal forms, NFC and NFD (Unicode Standard, section 3.11; Unicode Standard Annex 15). The
// decompositions are in CanonicalTable, Hangul's are computed, combining classes come from the standard library.

/// NFC and NFD.
struct CanonicalForm: Sendable {
  private static let table = CanonicalForm()

  /// Where the entry of a scalar is in `CanonicalTable.words`, and what two scalars compose to.
  private var entries: [UInt32: Int] = [:]
  private var composites: [UInt64: UInt32] = [:]
  /// A bit per scalar that changes or may change with what stands before it. Text without any is in NFC.
  private let unstable = FixedArray<UInt64>(repeating: 0, count: 0x110000 / 64)

  private init() {
    entries.reserveCapacity(2200)
    let words = CanonicalTable.words
    var index = 0
    while index < words.count {
      let scalar = words[index] & 0x1F_FFFF
      let count = Int(words[index] >> 24 & 3)
      entries[scalar] = index
      if words[index] & 1 << 26 != 0, count == 2 {
        composites[UInt64(words[index + 1]) << 32 | UInt64(words[index + 2])] = scalar
        mark(words[index + 2])
      } else {
        mark(scalar)
      }
      index += 1 + count
    }
    // Hangul's vowels and final consonants, and everything that combines. No scalar above U+1FFFF does.
    for scalar in 0x1161...0x11FF as ClosedRange<UInt32> { mark(scalar) }
    for scalar in 0x300...0x1FFFF as ClosedRange<UInt32> where Self.combiningClass(scalar) != 0 {
      mark(scalar)
    }
  }

  private func mark(_ scalar: UInt32) { unstable[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63) }

  private static func combiningClass(_ scalar: UInt32) -> UInt8 {
    scalar < 0x300 ? 0 : Unicode.Scalar(scalar)?.properties.canonicalCombiningClass.rawValue ?? 0
  }

  /// The text in NFC, or in NFD. Bytes that are no UTF-8 stay, and nothing combines across them.
  ///
  /// - Complexity: O(*n*), O(*n* log *n*) where marks are out of order.
  static func normalize(_ text: UnsafeBufferPointer<UInt8>, composes: Bool) -> ContiguousArray<UInt8> {
    var result = ContiguousArray<UInt8>()
    result.reserveCapacity(text.count)
    let scanned = ScannedText(text)
    var run: [UInt32] = []
    var isStable = true
    var start = 0
    // Nothing below U+0300 changes or combines with what stands before it, so each such character begins a run.
    func finish(_ end: Int) {
      if isStable {
        result.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<end]))
      } else {
        table.append(run, composes: composes, to: &result)
      }
      run.removeAll(keepingCapacity: true)
      isStable = true
      start = end
    }
    var position = 0
    while position < text.count {
      let character = scanned.character(position, text.count)
      let isBroken = character.length == 1 && text[position] >= 0x80
      if character.scalar < 0x300 || isBroken { finish(position) }
      if !isBroken {
        run.append(character.scalar)
        if isStable, character.scalar >= (composes ? 0x300 : 0xC0) {
          isStable = composes ? !table.isUnstable(character.scalar) : false
        }
      }
      position += character.length
      if isBroken { finish(position) }
    }
    finish(text.count)
    return result
  }

  private func isUnstable(_ scalar: UInt32) -> Bool {
    unstable.base[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 != 0
  }

  /// Appends the normal form of `run`.
  private func append(_ run: [UInt32], composes: Bool, to result: inout ContiguousArray<UInt8>) {
    var scalars: [(scalar: UInt32, order: UInt8)] = []
    scalars.reserveCapacity(run.count + 4)
    for scalar in run { decompose(scalar) { scalars.append(($0, Self.combiningClass($0))) } }
    sortMarks(&scalars)
    if composes { compose(&scalars) }
    for (scalar, _) in scalars {
      if let scalar = Unicode.Scalar(scalar) { result.append(contentsOf: UTF8.encode(scalar)!) }
    }
  }

  private func decompose(_ scalar: UInt32, _ body: (UInt32) -> Void) {
    if Hangul.decompose(scalar, body) { return }
    guard let entry = entries[scalar] else { return body(scalar) }
    // At most four steps deep.
    for index in entry + 1...entry + Int(CanonicalTable.words[entry] >> 24 & 3) {
      decompose(CanonicalTable.words[index], body)
    }
  }

  /// Puts each stretch of marks in the order of their classes; those of one class keep theirs.
  private func sortMarks(_ scalars: inout [(scalar: UInt32, order: UInt8)]) {
    var index = 0
    while index < scalars.count {
      guard scalars[index].order != 0 else {
        index += 1
        continue
      }
      var end = index
      while end < scalars.count, scalars[end].order != 0 { end += 1 }
      let sorted = scalars[index..<end].enumerated().sorted {
        ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
      }
      for (offset, entry) in sorted.enumerated() { scalars[index + offset] = entry.element }
      index = end
    }
  }

  /// Composes each character with the starter before it unless another of its class or higher stands between.
  private func compose(_ scalars: inout [(scalar: UInt32, order: UInt8)]) {
    var starter: Int?
    var last: UInt8 = 0
    var count = 0
    for index in scalars.indices {
      let (scalar, order) = scalars[index]
      if let starter, last < order || last == 0 && count == starter + 1,
        let composite = composite(scalars[starter].scalar, scalar)
      {
        scalars[starter].scalar = composite
        continue
      }
      if order == 0 { starter = count }
      last = order
      scalars[count] = (scalar, order)
      count += 1
    }
    scalars.removeSubrange(count...)
  }

  private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if 0x1100...0x1112 ~= first, 0x1161...0x1175 ~= second {
      return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
    }
    if 0xAC00...0xD7A3 ~= first, (first - 0xAC00) % 28 == 0, 0x11A8...0x11C2 ~= second {
      return first + second - 0x11A7
    }
    return composites[UInt64(first) << 32 | UInt64(second)]
  }
}

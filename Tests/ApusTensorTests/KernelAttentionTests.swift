// Attention of every table: bits against portable and against other groupings of the same rows, portable
// against float64. Slots no row sees hold NaN throughout.

import CApusKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct KernelAttentionTests {
  static let formats: [apus_kv] = [APUS_KV_F32, APUS_KV_F16, APUS_KV_BF16, APUS_KV_Q8_0]
  static func heads(_ format: apus_kv) -> [Int] {
    format == APUS_KV_Q8_0 ? [32, 64, 96, 128] : [2, 8, 16, 40, 64, 80, 128]
  }

  /// One sequence's keys and values in pages, every slot past the last key NaN.
  struct Cache {
    /// The head's block does not start a page.
    static let pageOffset = 192
    let format: apus_kv
    let headSize: Int
    var keys: [[Float]] = []
    var values: [[Float]] = []
    var pages: [Bytes] = []

    init(_ format: apus_kv, headSize: Int, keys count: Int, numbers: inout SeededNumbers, table: Table) {
      self.format = format
      self.headSize = headSize
      let bytes = apus_kv_page_bytes(format, Int32(headSize))
      for _ in 0..<(count + 63) / 64 {
        // All bits set is NaN in the formats, or the scale is.
        pages.append(Bytes(Self.pageOffset + bytes, fill: 0xff))
      }
      for i in 0..<count {
        let key = numbers.floats(headSize)
        let value = numbers.floats(headSize)
        let block = pages[i / 64].raw + Self.pageOffset
        table.cpu.pointee.kv_store(format, Int32(headSize), 1, key, value, 0, block, Int32(i % 64))
        keys.append(rounded(key))
        values.append(rounded(value))
      }
    }

    func rounded(_ row: [Float]) -> [Float] {
      switch format {
      case APUS_KV_F16: row.map { apus_half_to_float(apus_float_to_half($0)) }
      case APUS_KV_BF16: row.map { apus_bfloat_to_float(apus_float_to_bfloat($0)) }
      case APUS_KV_Q8_0:
        stride(from: 0, to: row.count, by: 32).flatMap { start -> [Float] in
          let block = row[start..<start + 32]
          let largest = block.reduce(0) { max($0, abs($1)) }
          let d = apus_half_to_float(apus_float_to_half(largest / 127))
          return block.map { ($0 * (127 / largest)).rounded(.toNearestOrEven) * d }
        }
      default: row
      }
    }
  }

  struct Row {
    var q: [Float]
    var first: Int
    var last: Int
  }

  func run(
    _ table: Table, _ cache: Cache, _ rows: [Row], scale: Float, softcap: Float = 0, spans: Int? = nil
  ) -> (out: [[Float]], logSum: [Float]) {
    let n = cache.headSize
    let q = rows.flatMap(\.q)
    let offsets = rows.indices.map { Int32($0 * n) }
    let outOffsets = rows.indices.map { Int32($0 * (n + 1)) }
    let first = rows.map { Int32($0.first) }
    let last = rows.map { Int32($0.last) }
    var out = [Float](repeating: 5, count: rows.count * (n + 1))
    var logSum = [Float](repeating: 0, count: rows.count)
    let pages = cache.pages.map { UnsafeRawPointer?($0.raw) }
    let scratch = Bytes(apus_attention_scratch(Int32(rows.count), Int32(n)), fill: 0xff)
    out.withUnsafeMutableBufferPointer { out in
      logSum.withUnsafeMutableBufferPointer { logSum in
        q.withUnsafeBufferPointer { q in
          offsets.withUnsafeBufferPointer { offsets in
            outOffsets.withUnsafeBufferPointer { outOffsets in
              first.withUnsafeBufferPointer { first in
                last.withUnsafeBufferPointer { last in
                  pages.withUnsafeBufferPointer { pages in
                    var arguments = apus_attention(
                      format: cache.format, head_size: Int32(n), scale: scale, softcap: softcap,
                      rows: Int32(rows.count), q: q.baseAddress!, q_offset: offsets.baseAddress!,
                      first: first.baseAddress!, last: last.baseAddress!, pages: pages.baseAddress!,
                      page_offset: Cache.pageOffset,
                      out: out.baseAddress!, out_offset: outOffsets.baseAddress!,
                      log_sum: logSum.baseAddress!, scratch: scratch.raw, span: 0, states: nil)
                    guard let spans else { return table.cpu.pointee.attention(&arguments) }
                    let states = Bytes(spans * rows.count * 4 * apus_attention_state(Int32(n)), fill: 0xff)
                    let each = rows.count * apus_attention_state(Int32(n))
                    for span in (0..<spans).reversed() {
                      arguments.span = Int32(span)
                      arguments.states = states.raw.assumingMemoryBound(to: Float.self) + span * each
                      table.cpu.pointee.attention(&arguments)
                    }
                    arguments.states = states.raw.assumingMemoryBound(to: Float.self)
                    table.cpu.pointee.attention_merge(&arguments, Int32(spans))
                  }
                }
              }
            }
          }
        }
      }
    }
    // Nothing is written past a row.
    for row in rows.indices { #expect(out[row * (n + 1) + n] == 5) }
    return (rows.indices.map { Array(out[$0 * (n + 1)..<$0 * (n + 1) + n]) }, logSum)
  }

  @Test(
    "keys stored in runs are those stored one by one", arguments: Table.all.filter(\.isSupported), formats)
  func storedRuns(_ table: Table, _ format: apus_kv) {
    var numbers = SeededNumbers(77)
    for headSize in Self.heads(format) {
      let stride = headSize + 3
      let (keys, values) = (numbers.floats(64 * stride), numbers.floats(64 * stride))
      let bytes = apus_kv_page_bytes(format, Int32(headSize))
      for (slot, count) in [(0, 64), (0, 16), (0, 3), (5, 4), (13, 7), (1, 63), (62, 2), (31, 1)] {
        let (run, single) = (Bytes(bytes, fill: 0xff), Bytes(bytes, fill: 0xff))
        keys.withUnsafeBufferPointer { keys in
          values.withUnsafeBufferPointer { values in
            let (k, v) = (keys.baseAddress!, values.baseAddress!)
            let store = table.cpu.pointee.kv_store!
            store(format, Int32(headSize), Int32(count), k, v, stride, run.raw, Int32(slot))
            for i in 0..<count {
              store(
                format, Int32(headSize), 1, k + i * stride, v + i * stride, 0, single.raw, Int32(slot + i))
            }
          }
        }
        #expect(
          memcmp(run.raw, single.raw, bytes) == 0,
          "\(table), format \(format.rawValue), head \(headSize), \(count) from slot \(slot)")
      }
    }
  }

  /// Rows as prefill, decoding and a sliding window make them.
  func rows(_ count: Int, keys: Int, headSize: Int, numbers: inout SeededNumbers) -> [Row] {
    (0..<count).map { row in
      let last: Int
      let first: Int
      switch numbers.below(4) {
      case 0: (first, last) = (0, keys)
      case 1: (first, last) = (0, max(1, keys - row))
      case 2:
        last = 1 + numbers.below(keys)
        first = max(0, last - 1 - numbers.below(200))
      default:
        last = 1 + numbers.below(keys)
        first = numbers.below(last)
      }
      return Row(q: numbers.floats(headSize, scale: 4), first: first, last: last)
    }
  }

  @Test(arguments: Table.others, formats)
  func sameBitsAsPortable(_ table: Table, _ format: apus_kv) {
    for (index, headSize) in Self.heads(format).enumerated() {
      var numbers = SeededNumbers(UInt64(index))
      for keys in [1, 17, 64, 65, 700, 1200] {
        let cache = Cache(format, headSize: headSize, keys: keys, numbers: &numbers, table: table)
        let rows = rows(keys == 700 ? 45 : 13, keys: keys, headSize: headSize, numbers: &numbers)
        let softcap: Float = index % 3 == 1 ? 20 : 0
        let expected = run(Table.portable, cache, rows, scale: 0.3, softcap: softcap)
        let found = run(table, cache, rows, scale: 0.3, softcap: softcap)
        let where_ = "\(table) \(format) head \(headSize) keys \(keys)"
        for row in rows.indices {
          let difference = firstDifference(expected.out[row], found.out[row])
          #expect(difference == nil, "\(where_) row \(row) index \(difference ?? -1)")
          #expect(found.out[row].allSatisfy { $0.isFinite }, "\(where_) row \(row)")
        }
        #expect(firstDifference(expected.logSum, found.logSum) == nil, "\(where_)")
      }
    }
  }

  @Test(arguments: Table.all.filter(\.isSupported))
  func aRowDoesNotDependOnTheOthers(_ table: Table) {
    var numbers = SeededNumbers(3)
    let cache = Cache(APUS_KV_F16, headSize: 48, keys: 900, numbers: &numbers, table: table)
    let rows = rows(40, keys: 900, headSize: 48, numbers: &numbers)
    let together = run(table, cache, rows, scale: 0.2)
    for row in rows.indices {
      let alone = run(table, cache, [rows[row]], scale: 0.2)
      #expect(alone.out[0].map(bits) == together.out[row].map(bits), "\(table) row \(row)")
      #expect(bits(alone.logSum[0]) == bits(together.logSum[row]), "\(table) row \(row)")
    }
  }

  /// Spans made one by one, in any order, and merged are one call's bits.
  @Test(arguments: Table.all.filter(\.isSupported), formats)
  func spansMerge(_ table: Table, _ format: apus_kv) {
    var numbers = SeededNumbers(5)
    for (headSize, keys) in [(32, 1500), (64, 513), (128, 512), (96, 3)] {
      let cache = Cache(format, headSize: headSize, keys: keys, numbers: &numbers, table: table)
      let rows = rows(keys > 1000 ? 37 : 9, keys: keys, headSize: headSize, numbers: &numbers)
      let whole = run(table, cache, rows, scale: 0.2)
      let parts = run(table, cache, rows, scale: 0.2, spans: (keys + 511) / 512)
      for row in rows.indices {
        #expect(whole.out[row].map(bits) == parts.out[row].map(bits), "\(table) \(format) row \(row)")
      }
      #expect(whole.logSum.map(bits) == parts.logSum.map(bits), "\(table) \(format)")
    }
  }

  /// Against the mathematics in double. A score carries at most headSize + 2 roundings of the sum of its
  /// magnitudes; exp turns that absolute error into a relative one of a weight.
  @Test(arguments: formats)
  func portableAgainstFloat64(_ format: apus_kv) {
    var numbers = SeededNumbers(9)
    for softcap in [Float(0), 15] {
      let headSize = 32
      let cache = Cache(format, headSize: headSize, keys: 1100, numbers: &numbers, table: Table.portable)
      let rows = rows(12, keys: 1100, headSize: headSize, numbers: &numbers)
      let found = run(Table.portable, cache, rows, scale: 0.25, softcap: softcap)
      for (index, row) in rows.enumerated() {
        var scores: [Double] = []
        var largest = 0.0
        for key in row.first..<row.last {
          let products = zip(row.q, cache.keys[key]).map { Double($0) * Double($1) }
          var score = 0.25 * products.reduce(0, +)
          largest = max(largest, 0.25 * products.reduce(0) { $0 + abs($1) })
          if softcap > 0 {
            // tanh through the double exponential.
            let e = apus_exp(2 * score / Double(softcap))
            score = Double(softcap) * (1 - 2 / (e + 1))
          }
          scores.append(score)
        }
        let top = scores.max()!
        let weights = scores.map { apus_exp($0 - top) }
        let sum = weights.reduce(0, +)
        let count = Double(weights.count)
        let u = 0x1p-24
        // Relative error of a weight: its score, the running maximum's rescalings, exp itself.
        let relative = u * (Double(headSize + 2) * largest + 8 * (largest + 1) + count / 16 + 64)
        for d in 0..<headSize {
          var value = 0.0
          var magnitude = 0.0
          for (i, key) in (row.first..<row.last).enumerated() {
            value += weights[i] * Double(cache.values[key][d])
            magnitude += weights[i] * abs(Double(cache.values[key][d]))
          }
          let error = abs(Double(found.out[index][d]) - value / sum)
          let bound = 2 * (relative + u * count) * magnitude / sum
          #expect(error <= bound, "row \(index) dimension \(d): \(error) > \(bound)")
        }
        let expected = top + apus_log(sum)
        let bound = relative + u * abs(expected)
        #expect(abs(Double(found.logSum[index]) - expected) <= bound, "row \(index)")
      }
    }
  }
}

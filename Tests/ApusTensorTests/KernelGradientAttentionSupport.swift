// What the tests of attention's backward pass share: a problem, the call of a kernel with guards around its results, and the
// sums as kernels/attention_gradient.h defines them. No test lives here.

import CApusKernels
import Testing

/// Gradients of a loss that is linear in the outputs of attention.
struct AttentionProblem: CustomStringConvertible {
  typealias Cache = KernelAttentionTests.Cache
  typealias Row = KernelAttentionTests.Row

  enum Mask: CaseIterable { case causal, window, everything, ragged }

  let cache: Cache
  var rows: [Row]
  /// Query heads of a token: its rows lie side by side.
  var group: Int
  /// Of the sequence; the cache may hold more.
  var keys: Int
  let scale: Float
  let softcap: Float
  /// Of the rows, headSize values each.
  var gradients: [[Float]]
  var outputs: [[Float]]
  var logSums: [Float]
  let mask: Mask

  var headSize: Int { cache.headSize }
  var description: String {
    "format \(cache.format.rawValue) head \(headSize), \(rows.count) rows of \(group) heads, \(keys) keys, \(mask), cap \(softcap)"
  }

  /// The last `tokens` of the keys as queries; more of them than keys only without a causal mask.
  init(
    _ format: apus_kv, headSize: Int, tokens: Int, group: Int = 1, keys: Int, mask: Mask, softcap: Float = 0,
    numbers: inout SeededNumbers
  ) {
    cache = Cache(format, headSize: headSize, keys: keys, numbers: &numbers, table: .portable)
    self.group = group
    self.keys = keys
    self.mask = mask
    self.softcap = softcap
    scale = 1 / Float(headSize).squareRoot()
    rows = []
    for token in 0..<tokens {
      let place = max(0, keys - tokens + token)
      let range =
        switch mask {
        case .causal: 0..<place + 1
        case .window: max(0, place - 20)..<place + 1
        case .everything: 0..<keys
        case .ragged:
          { (first: Int) in first..<first + 1 + numbers.below(keys - first) }(numbers.below(keys))
        }
      for _ in 0..<group {
        let q = numbers.floats(headSize, scale: 3)
        rows.append(Row(q: q, first: range.lowerBound, last: range.upperBound))
      }
    }
    gradients = rows.map { _ in numbers.floats(headSize) }
    (outputs, logSums) = KernelAttentionTests().run(.portable, cache, rows, scale: scale, softcap: softcap)
  }

  /// The problem with some of the rows, one head each.
  func with(_ some: [Int]) -> AttentionProblem {
    var problem = self
    problem.group = 1
    problem.rows = some.map { rows[$0] }
    problem.gradients = some.map { gradients[$0] }
    problem.outputs = some.map { outputs[$0] }
    problem.logSums = some.map { logSums[$0] }
    return problem
  }

  struct Result {
    var dq: [[Float]]
    var dk: [[Float]]
    var dv: [[Float]]

    /// Where it first differs.
    func difference(_ other: Result) -> String? {
      for (name, a, b) in [("dq", dq, other.dq), ("dk", dk, other.dk), ("dv", dv, other.dv)] {
        for i in a.indices {
          if let d = firstDifference(a[i], b[i]) { return "\(name), row \(i), value \(d)" }
        }
      }
      return nil
    }
  }

  /// Tokens lie one value further apart than their rows fill, keys three: those must stay.
  func run(_ table: Table) -> Result {
    let n = headSize
    let width = group * n + 1
    let tokens = (rows.count + group - 1) / group
    let places = rows.indices.map { $0 / group * width + $0 % group * n }
    func spread(_ values: [[Float]]) -> Bytes {
      let all = Bytes(4 * tokens * width, fill: 0xff)
      for (place, row) in zip(places, values) { (all.floats + place).update(from: row, count: n) }
      return all
    }
    func integers(_ values: [Int]) -> Bytes {
      let all = Bytes(4 * values.count)
      for (i, value) in values.enumerated() {
        all.raw.storeBytes(of: Int32(value), toByteOffset: 4 * i, as: Int32.self)
      }
      return all
    }
    // Log-sums lie head after head.
    let logSumPlaces = rows.indices.map { $0 % group * tokens + $0 / group }
    let logSum = Bytes(4 * group * tokens, fill: 0xff)
    for (place, value) in zip(logSumPlaces, logSums) { logSum.floats[place] = value }
    let (q, out, dout) = (spread(rows.map(\.q)), spread(outputs), spread(gradients))
    let (first, last) = (integers(rows.map(\.first)), integers(rows.map(\.last)))
    let (offset, logSumOffset) = (integers(places), integers(logSumPlaces))
    let pages = Bytes(8 * cache.pages.count)
    for (i, page) in cache.pages.enumerated() {
      pages.raw.storeBytes(of: UnsafeRawPointer(page.raw), toByteOffset: 8 * i, as: UnsafeRawPointer.self)
    }
    let stride = n + 3
    let (dk, dv) = (Bytes(4 * (keys + 1) * stride, fill: 0x40), Bytes(4 * (keys + 1) * stride, fill: 0x40))
    let dq = Bytes(4 * tokens * width, fill: 0x40)
    let untouched = Float(bitPattern: 0x4040_4040)
    let bytes = apus_attention_gradient_scratch(Int32(rows.count), Int32(n))
    let scratch = Bytes(bytes + 64, fill: 0xff)
    func numbers(_ bytes: Bytes) -> UnsafePointer<Int32> {
      UnsafePointer(bytes.raw.assumingMemoryBound(to: Int32.self))
    }
    var arguments = apus_attention_gradient(
      format: cache.format, head_size: Int32(n), scale: scale, softcap: softcap, rows: Int32(rows.count),
      q: q.floats, out: out.floats, dout: dout.floats, offset: numbers(offset), first: numbers(first),
      last: numbers(last), log_sum: logSum.floats, log_sum_offset: numbers(logSumOffset),
      pages: pages.raw.assumingMemoryBound(to: UnsafeRawPointer?.self), page_offset: Cache.pageOffset,
      keys: Int32(keys), dq: dq.floats, dk: dk.floats, dv: dv.floats, kv_stride: stride, scratch: scratch.raw)
    withExtendedLifetime((q, out, dout, first, last, offset, logSumOffset, logSum, pages)) {
      table.cpu.pointee.attention_gradient(&arguments)
    }
    for i in bytes..<bytes + 64 { #expect(scratch.bytes[i] == 0xff, "\(table) writes past its scratch") }
    for token in 0..<tokens { #expect(dq.floats[token * width + width - 1] == untouched, "\(table) \(self)") }
    for i in 0..<(keys + 1) * stride where i / stride == keys || i % stride >= n {
      let stays = dk.floats[i] == untouched && dv.floats[i] == untouched
      #expect(stays, "\(table) \(self): writes past key \(i / stride)")
    }
    func row(_ bytes: Bytes, _ place: Int) -> [Float] {
      Array(UnsafeBufferPointer(start: bytes.floats + place, count: n))
    }
    return Result(
      dq: places.map { row(dq, $0) }, dk: (0..<keys).map { row(dk, $0 * stride) },
      dv: (0..<keys).map { row(dv, $0 * stride) })
  }

  /// The sums of kernels/attention_gradient.h, one rounding after the other.
  func defined() -> Result {
    let n = headSize
    let zero = [Float](repeating: 0, count: n)
    var result = Result(
      dq: rows.map { _ in zero }, dk: Array(repeating: zero, count: keys),
      dv: Array(repeating: zero, count: keys))
    func chain(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0.addingProduct($1.0, $1.1) } }
    func add(_ w: Float, _ v: [Float], _ sum: inout [Float]) {
      for i in 0..<n { sum[i].addProduct(w, v[i]) }
    }
    for (r, row) in rows.enumerated() {
      let product = canonicalSum(n) {
        gradients[r][$0]
      } times: {
        outputs[r][$0]
      }
      for key in row.first..<row.last {
        var s = chain(row.q, cache.keys[key]) * scale
        var slope = scale
        if softcap > 0 {
          let t = apus_tanhf(s / softcap)
          s = softcap * t
          slope *= 1 - t * t
        }
        let p = apus_expf(s - logSums[r])
        let ds = p * (chain(gradients[r], cache.values[key]) - product) * slope
        add(p, gradients[r], &result.dv[key])
        add(ds, row.q, &result.dk[key])
        add(ds, cache.keys[key], &result.dq[r])
      }
    }
    return result
  }
}

/// Σ a·b as the kernels sum across lanes: sixteen strided chains, then halves onto halves.
func canonicalSum(_ n: Int, _ a: (Int) -> Float, times b: (Int) -> Float) -> Float {
  var lanes = [Float](repeating: 0, count: 16)
  for i in 0..<n { lanes[i % 16].addProduct(a(i), b(i)) }
  for half in [8, 4, 2, 1] {
    for i in 0..<half { lanes[i] += lanes[i + half] }
  }
  return lanes[0]
}

// The backward pass of attention against the derivative of softmax attention in float64, within the bound its roundings
// allow, and that derivative against differences of the loss.

import CApusKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Attention in float64: the values of an `AttentionProblem`, exactly.
struct WideAttention {
  var q: [[Double]]
  var keys: [[Double]]
  var values: [[Double]]
  let gradients: [[Double]]
  let ranges: [Range<Int>]
  let scale: Double
  let softcap: Double

  init(_ problem: AttentionProblem) {
    func wide(_ rows: [[Float]]) -> [[Double]] { rows.map { $0.map { Double($0) } } }
    q = wide(problem.rows.map(\.q))
    keys = wide(problem.cache.keys)
    values = wide(problem.cache.values)
    gradients = wide(problem.gradients)
    ranges = problem.rows.map { $0.first..<$0.last }
    scale = Double(problem.scale)
    softcap = Double(problem.softcap)
  }

  func score(_ row: Int, _ key: Int) -> Double {
    let s = scale * dot(q[row], keys[key])
    return softcap > 0 ? softcap * tanh(s / softcap) : s
  }

  /// A row's outputs and the logarithm of its sum.
  func forward(_ row: Int) -> (out: [Double], logSum: Double) {
    let scores = ranges[row].map { score(row, $0) }
    let top = scores.max()!
    let logSum = top + log(scores.reduce(0) { $0 + exp($1 - top) })
    var out = [Double](repeating: 0, count: q[row].count)
    for (s, key) in zip(scores, ranges[row]) {
      for i in out.indices { out[i] += exp(s - logSum) * values[key][i] }
    }
    return (out, logSum)
  }

  /// Σ of the outputs times their gradients.
  var loss: Double { q.indices.reduce(0) { $0 + dot(forward($1).out, gradients[$1]) } }

  struct Result {
    var dq: [[Double]]
    var dk: [[Double]]
    var dv: [[Double]]
  }

  /// The derivatives, and how far the kernel may be from them: u = 2⁻²⁴ per rounding, to first order.
  func backward() -> (values: Result, bounds: Result) {
    let u = 0x1p-24
    let n = Double(q[0].count)
    func zeros(_ like: [[Double]]) -> [[Double]] { like.map { $0.map { _ in 0 } } }
    var values = Result(dq: zeros(q), dk: zeros(keys), dv: zeros(keys))
    var bounds = values
    let seen = keys.indices.map { key in Double(ranges.count { $0.contains(key) }) }
    for row in q.indices {
      let (out, logSum) = forward(row)
      let gradient = gradients[row]
      let product = dot(gradient, out)
      // A chain in each of 16 lanes, four levels of a tree, and the outputs were rounded themselves.
      let productError = u * (n / 16 + 1 + 4 + 1) * magnitude(gradient, out)
      for key in ranges[row] {
        let raw = scale * dot(q[row], keys[key])
        var scoreError = u * (n + 1) * scale * magnitude(q[row], keys[key])
        var (s, slope, slopeError) = (raw, scale, 0.0)
        if softcap > 0 {
          // tanh is within 2 ULP: four u.
          let t = tanh(raw / softcap)
          let error = scoreError / softcap + u * abs(raw / softcap) + 4 * u * abs(t)
          (s, slope) = (softcap * t, scale * (1 - t * t))
          scoreError = softcap * error + u * abs(s)
          slopeError = scale * (2 * abs(t) * error + 2 * u) + u * slope
        }
        // exp is within 2 ULP, and turns its argument's error into a relative one.
        let p = exp(s - logSum)
        let relative = scoreError + u * abs(logSum) + u * abs(s - logSum) + 4 * u
        let difference = dot(gradient, self.values[key]) - product
        let differenceError =
          u * n * magnitude(gradient, self.values[key]) + productError + u * abs(difference)
        let ds = p * difference * slope
        let dsError =
          p
          * (abs(difference) * slope * (relative + 2 * u) + differenceError * slope
            + abs(difference) * slopeError)
        // Each sum rounds once a term, whichever it is.
        let (rows, keys) = (u * seen[key], u * Double(ranges[row].count))
        for i in out.indices {
          values.dv[key][i] += p * gradient[i]
          bounds.dv[key][i] += p * abs(gradient[i]) * (relative + rows)
          values.dk[key][i] += ds * q[row][i]
          bounds.dk[key][i] += abs(q[row][i]) * (dsError + abs(ds) * rows)
          values.dq[row][i] += ds * self.keys[key][i]
          bounds.dq[row][i] += abs(self.keys[key][i]) * (dsError + abs(ds) * keys)
        }
      }
    }
    return (values, bounds)
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  private func magnitude(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + abs($1.0 * $1.1) }
  }
}

@Suite struct KernelGradientAttentionTruthTests {
  @Test(arguments: KernelAttentionTests.formats)
  func portableAgainstFloat64(_ format: apus_kv) {
    var numbers = SeededNumbers(31)
    for (index, mask) in AttentionProblem.Mask.allCases.enumerated() {
      for softcap in [Float(0), 3] {
        var problem = AttentionProblem(
          format, headSize: [32, 64][index % 2], tokens: 40, group: 2, keys: 90, mask: mask, softcap: softcap,
          numbers: &numbers)
        let wide = WideAttention(problem)
        for row in problem.rows.indices {
          let (out, logSum) = wide.forward(row)
          problem.outputs[row] = out.map { Float($0) }
          problem.logSums[row] = Float(logSum)
        }
        let found = problem.run(.portable)
        let (values, bounds) = wide.backward()
        for (name, found, values, bounds) in [
          ("dq", found.dq, values.dq, bounds.dq), ("dk", found.dk, values.dk, bounds.dk),
          ("dv", found.dv, values.dv, bounds.dv),
        ] {
          // One percent for what is not of first order.
          let places = values.indices.flatMap { row in values[row].indices.map { (row, $0) } }
          let wrong = places.first { row, i in
            let error = abs(Double(found[row][i]) - values[row][i])
            return !(error <= 1.01 * bounds[row][i])
          }
          if let (row, i) = wrong {
            Issue.record(
              "\(problem): \(name), row \(row), value \(i): \(found[row][i]), not \(values[row][i]) ± \(bounds[row][i])"
            )
          }
        }
      }
    }
  }

  /// Differences over h and 2h err in the same way, the first a quarter as much: their distance bounds it. Rounding adds a
  /// few units of the loss over h.
  @Test(arguments: [Float(0), 3])
  func float64AgainstDifferences(_ softcap: Float) {
    var numbers = SeededNumbers(32)
    let problem = AttentionProblem(
      APUS_KV_F32, headSize: 8, tokens: 6, group: 2, keys: 9, mask: .causal, softcap: softcap,
      numbers: &numbers)
    let wide = WideAttention(problem)
    let gradients = wide.backward().values
    func check(_ name: String, _ path: WritableKeyPath<WideAttention, [[Double]]>, _ expected: [[Double]]) {
      for row in expected.indices {
        for i in expected[row].indices {
          func slope(_ h: Double) -> Double {
            var (above, below) = (wide, wide)
            above[keyPath: path][row][i] += h
            below[keyPath: path][row][i] -= h
            return (above.loss - below.loss) / (2 * h)
          }
          let h = 1e-4
          let (fine, coarse) = (slope(h), slope(2 * h))
          let bound = abs(fine - coarse) + 0x1p-45 / h
          #expect(abs(fine - expected[row][i]) <= bound, "\(name), row \(row), value \(i)")
          #expect(bound < 1e-6)
        }
      }
    }
    check("dq", \.q, gradients.dq)
    check("dk", \.keys, gradients.dk)
    check("dv", \.values, gradients.dv)
  }
}

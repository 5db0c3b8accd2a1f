// Reads Tests/Fixtures/sampling.txt, and makes the logits its cases are about. The script next to it writes
// the file and says what its lines mean.

import ApusInference
import ApusRuntime
import CApusKernels
import Foundation
import Testing

/// One line of the fixture.
struct SamplingCase: Sendable, CustomTestStringConvertible {
  let kind: Substring
  let name: String
  let key: UInt64
  let vocabulary: Int
  let options: SamplingOptions
  let stream: UInt64
  let breakers: DRYBreakers
  let history: [Int32]
  let expected: Substring

  var testDescription: String { "\(name), key \(key)" }

  /// The logits of a row: 20 u⁴ − 6 for uniform u, many small ones and few large ones.
  func logits(row: Int = 0) -> [Float] { makeLogits(key: key + UInt64(row), vocabulary) }

  static let all: [SamplingCase] = {
    let file = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/sampling.txt")
    let text = try! String(contentsOf: file, encoding: .utf8)
    return text.split(separator: "\n").map(SamplingCase.init)
  }()

  private init(_ line: Substring) {
    let fields = line.split(separator: "|", omittingEmptySubsequences: false)
    kind = fields[0]
    name = String(fields[1])
    let row = fields[2].split(separator: ":")
    key = UInt64(row[0])!
    vocabulary = Int(row[1])!
    var options = SamplingOptions()
    options.seed = 0
    var stream: UInt64 = 0
    var breakers: [[Int32]] = []
    for setting in fields[3].split(separator: ",") {
      let pair = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = String(pair[1])
      switch pair[0] {
      case "samplers": options.samplers = try! SamplerKind.parse(letters: value)
      case "seed": options.seed = UInt64(value)!
      case "stream": stream = UInt64(value)!
      case "min_keep": options.minKeep = Int(value)!
      case "temp": options.temperature = Double(value)!
      case "dynatemp_range": options.dynamicTemperatureRange = Double(value)!
      case "dynatemp_exponent": options.dynamicTemperatureExponent = Double(value)!
      case "top_k": options.topK = Int(value)!
      case "top_p": options.topP = Double(value)!
      case "min_p": options.minP = Double(value)!
      case "typ_p": options.typicalP = Double(value)!
      case "top_n_sigma": options.topNSigma = Double(value)!
      case "xtc_probability": options.xtcProbability = Double(value)!
      case "xtc_threshold": options.xtcThreshold = Double(value)!
      case "last_n": options.penaltyLastN = Int(value)!
      case "repeat": options.repeatPenalty = Double(value)!
      case "frequency": options.frequencyPenalty = Double(value)!
      case "presence": options.presencePenalty = Double(value)!
      case "dry_multiplier": options.dryMultiplier = Double(value)!
      case "dry_base": options.dryBase = Double(value)!
      case "dry_allowed_length": options.dryAllowedLength = Int(value)!
      case "dry_last_n": options.dryPenaltyLastN = Int(value)!
      case "dry_breakers":
        breakers = value.split(separator: "/").map { $0.split(separator: "+").map { Int32($0)! } }
      case "mirostat": options.mirostat = Int(value)!
      case "tau": options.mirostatTau = Double(value)!
      case "eta": options.mirostatEta = Double(value)!
      case "bias":
        for entry in value.split(separator: "/") {
          let bias = entry.split(separator: "=")
          options.logitBias[Int32(bias[0])!] = Double(bias[1])!
        }
      default: fatalError("unknown option \(pair[0])")
      }
    }
    self.options = options
    self.stream = stream
    self.breakers = DRYBreakers(breakers)
    history = fields[4].split(separator: " ").map { Int32($0)! }
    expected = fields[5]
  }
}

/// Logits as the fixture script makes them.
func makeLogits(key: UInt64, _ count: Int) -> [Float] {
  let random = Philox(key: key)
  return (0..<count).map { index in
    let u = Float(random.block(UInt64(index / 4))[index % 4] >> 8) * 0x1p-24
    let square = u * u
    return square * square * 20 - 6
  }
}

/// A kernel table with a name for messages.
struct Kernels: @unchecked Sendable, CustomTestStringConvertible {
  let table: UnsafePointer<apus_cpu>
  var testDescription: String { String(cString: table.pointee.name) }

  /// Those this machine can run.
  static let all: [Kernels] = {
    var tables: [Kernels] = []
    while let table = apus_cpu_at(Int32(tables.count)) { tables.append(Kernels(table: table)) }
    return tables.filter { $0.table.pointee.supported() != 0 }
  }()

  static var portable: Kernels { all[0] }
}

/// Calls `body` with a mutable copy.
func withRow<Result>(
  _ logits: [Float], _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result
) rethrows -> Result {
  var copy = logits
  return try copy.withUnsafeMutableBufferPointer { try body($0) }
}

// Looking for weights that are no numbers: a file damaged in a way its structure does not show would otherwise
// give fluent garbage, or stop a run in the middle.

import ApusRuntime
import ApusTensor

/// A weight that is not finite, or whose scale is no number.
public struct WeightFault: Sendable, Equatable, CustomStringConvertible {
  /// The tensor's name.
  public let tensor: String
  /// The weight's index in the tensor, counted along the first dimension, then the second …
  public let index: Int
  /// What it is, such as `is nan`.
  public let problem: String

  package init(tensor: String, index: Int, problem: String) {
    (self.tensor, self.index, self.problem) = (tensor, index, problem)
  }

  /// One line, such as `tensor "output.weight": weight 4097 is nan`.
  public var description: String { "tensor \(quoted(tensor)): weight \(index) \(problem)" }
}

extension GGUFFile {
  /// The first such weight of every tensor that has one, in the file's order; empty for a sound file.
  ///
  /// - Complexity: O(*file*): every weight is decoded once.
  public func checkWeights(pool: WorkerPool? = nil) -> [WeightFault] {
    var faults: [WeightFault] = []
    for tensor in tensors {
      advise(.sequential, tensor)
      if let index = tensor.type.firstFault(in: bytes(of: tensor), pool: pool) {
        faults.append(
          WeightFault(tensor: tensor.name, index: index, problem: problem(of: tensor, at: index)))
      }
      advise(.done, tensor)
    }
    return faults
  }

  /// What is wrong with the weight at `index`, in words.
  func problem(of tensor: GGUFTensor, at index: Int) -> String {
    tensor.type.problem(in: bytes(of: tensor), at: index)
  }
}

extension SafetensorsFile {
  /// The first such weight of every tensor that has one, in the order of their data; empty for a sound file. Tensors
  /// of types that Apus does not read are passed over.
  ///
  /// - Complexity: O(*file*): every weight is decoded once.
  public func checkWeights(pool: WorkerPool? = nil) -> [WeightFault] {
    var faults: [WeightFault] = []
    for tensor in tensors {
      guard let type = tensor.type else { continue }
      advise(.sequential, tensor)
      let bytes = bytes(of: tensor)
      if let index = type.firstFault(in: bytes, pool: pool) {
        faults.append(
          WeightFault(tensor: tensor.name, index: index, problem: type.problem(in: bytes, at: index)))
      }
      advise(.done, tensor)
    }
    return faults
  }
}

extension TensorType {
  /// The index of the first faulty weight in the bytes of a tensor, or nil.
  fileprivate func firstFault(in bytes: UnsafeRawBufferPointer, pool: WorkerPool?) -> Int? {
    let bytes = SendableBytes(bytes)
    let piece = (1 << 16) / blockSize * blockBytes
    let units = (bytes.buffer.count + piece - 1) / piece
    let found = UnitResults<Int>(count: units, initial: -1)
    forEachUnit(units, on: pool) { unit in
      let start = unit * piece
      let range = start..<min(start + piece, bytes.buffer.count)
      if let index = firstFault(in: UnsafeRawBufferPointer(rebasing: bytes.buffer[range])) {
        found[unit] = start / blockBytes * blockSize + index
      }
    }
    return found.first { $0 >= 0 }
  }

  /// What is wrong with the weight at `index` of a tensor, in words.
  fileprivate func problem(in bytes: UnsafeRawBufferPointer, at index: Int) -> String {
    let start = index / blockSize * blockBytes
    let block = UnsafeRawBufferPointer(rebasing: bytes[start..<start + blockBytes])
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: blockSize) { values in
      decode(block, into: values)
      let value = values[index % blockSize]
      return value.isFinite ? "has a scale that is no number" : "is \(value)"
    }
  }
}

/// Bytes several threads read.
struct SendableBytes: @unchecked Sendable {
  let buffer: UnsafeRawBufferPointer

  init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }
}

/// One result per unit of parallel work; each unit writes only its own.
final class UnitResults<Result: BitwiseCopyable>: @unchecked Sendable {
  private let results: UnsafeMutableBufferPointer<Result>

  init(count: Int, initial: Result) {
    results = .allocate(capacity: count)
    results.initialize(repeating: initial)
  }

  deinit { results.deallocate() }

  subscript(unit: Int) -> Result {
    get { results[unit] }
    set { results[unit] = newValue }
  }

  func first(where matches: (Result) -> Bool) -> Result? { results.first(where: matches) }
}

// `apus quantize`: a GGUF file written again with its matrices in another type. Tensors stream through a buffer
// of a few megabytes, so memory does not grow with the model; which tensors are converted is in QuantizePlan.

import ApusBasics
import ApusRuntime
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What quantising did.
public struct QuantizeSummary: Sendable {
  /// Tensors now in the type asked for.
  public internal(set) var converted = 0
  /// Tensors left in another type, and why.
  public internal(set) var left: [(tensor: String, type: TensorType, reason: String)] = []
  /// Bytes of all tensors before.
  public internal(set) var bytesBefore = 0
  /// Bytes of all tensors after.
  public internal(set) var bytesAfter = 0
}

/// Writes the model in `input` to `output` with its weight matrices as `type`.
///
/// Vectors, biases and small tables keep their precision. Metadata is copied, with `general.file_type` and
/// `general.quantization_version` brought up to date; a split set becomes one file. The result appears under
/// its name only when it is complete.
///
/// - Parameters:
///   - type: one that `isEncodable`.
///   - force: whether an existing `output` may be replaced. The input itself never is.
///   - pool: threads to encode with.
///   - progress: called before each tensor with its index and their number.
/// - Returns: what was converted and what was not.
/// - Throws: `GGUFError`; for a weight that is not finite, or too large for `type`, naming it.
public func quantizeFile(
  from input: String, to output: String, type: TensorType, force: Bool = false, pool: WorkerPool? = nil,
  limits: Limits = Limits(),
  progress: (_ tensor: GGUFTensor, _ index: Int, _ count: Int) -> Void = { _, _, _ in }
) throws(GGUFError) -> QuantizeSummary {
  guard let format = type.format as? any EncodableFormat.Type else {
    let known = TensorType.all.filter(\.isEncodable).map(\.name).joined(separator: ", ")
    throw GGUFError(output, .refused("cannot be written as \(type), only as \(known)"))
  }
  let file = try GGUFFile.open(input, limits: limits)
  return try rewrite(
    file, to: output, plans: file.tensors.map { QuantizePlan($0, as: type) }, type: type,
    fileType: format.fileType, force: force, pool: pool, progress: progress)
}

/// Changes weights on their way from one file to another: a range of a tensor's weights, counted from its first, as floats.
/// Called by several threads at once.
package typealias WeightChange =
  @Sendable (_ tensor: GGUFTensor, _ weights: Range<Int>, _ values: UnsafeMutableBufferPointer<Float>) -> Void

/// Writes a file again with some of its weights changed, each tensor in its own type or, where one is asked for, matrices
/// in that. What is neither changed nor converted keeps its bytes.
///
/// - Parameters:
///   - changed: names of the tensors that `change` is called for.
/// - Throws: `GGUFError`, as `quantizeFile`; for a changed tensor whose type cannot be written, naming it.
package func changeFile(
  _ file: GGUFFile, to output: String, type: TensorType?, changed: Set<String>, force: Bool,
  pool: WorkerPool?,
  progress: (_ tensor: GGUFTensor, _ index: Int, _ count: Int) -> Void = { _, _, _ in },
  change: @escaping WeightChange
) throws(GGUFError) -> QuantizeSummary {
  let plans = file.tensors.map { tensor in
    type.map { QuantizePlan(tensor, as: $0) } ?? QuantizePlan(keeping: tensor)
  }
  for plan in plans where changed.contains(plan.tensor.name) && !plan.type.isEncodable {
    let known = TensorType.all.filter(\.isEncodable).map(\.name).joined(separator: ", ")
    throw GGUFError(
      file.name, .tensor(plan.tensor.name, offset: nil),
      .refused("changes, and \(plan.type) is not written here; --type takes one of \(known)"))
  }
  let fileType = (type?.format as? any EncodableFormat.Type)?.fileType
  return try rewrite(
    file, to: output, plans: plans, type: type, fileType: fileType, changed: changed, change: change,
    force: force, pool: pool, progress: progress)
}

/// - Parameter fileType: what `general.file_type` becomes; nil leaves it.
private func rewrite(
  _ file: GGUFFile, to output: String, plans: [QuantizePlan], type: TensorType?, fileType: UInt32?,
  changed: Set<String> = [], change: @escaping WeightChange = { _, _, _ in }, force: Bool, pool: WorkerPool?,
  progress: (_ tensor: GGUFTensor, _ index: Int, _ count: Int) -> Void
) throws(GGUFError) -> QuantizeSummary {
  for path in file.paths where isSameFile(path, output) {
    throw GGUFError(output, .refused("is the input itself, which is never overwritten; choose another name"))
  }
  var summary = QuantizeSummary()
  for plan in plans {
    if let reason = plan.reason { summary.left.append((plan.tensor.name, plan.type, reason)) }
    if plan.type == type { summary.converted += 1 }
    summary.bytesBefore += plan.tensor.byteCount
  }
  let header = rewrittenHeader(file, plans, fileType)
  summary.bytesAfter = header.tensors.reduce(0) { $0 + $1.byteCount }
  var writer: GGUFWriter
  do {
    writer = try GGUFWriter(path: output, header: header, replacing: force)
  } catch {
    throw GGUFError(output, .file(error))
  }
  let recoder = Recoder(file: file, pool: pool, output: output, changed: changed, change: change)
  for (index, plan) in plans.enumerated() {
    progress(plan.tensor, index, plans.count)
    try recoder.write(plan, to: &writer)
  }
  do {
    try file.verifyUnchanged()
    try writer.finish()
  } catch {
    throw GGUFError(output, .file(error))
  }
  return summary
}

/// The header of the file to be written.
private func rewrittenHeader(_ file: GGUFFile, _ plans: [QuantizePlan], _ fileType: UInt32?) -> GGUFHeader {
  var header = GGUFHeader()
  for key in file.metadata.keys where !key.hasPrefix("split.") {
    if let value = file.metadata[key] { header.set(key, value) }
  }
  if let fileType {
    header.set("general.file_type", .scalar(fileType))
    header.set("general.quantization_version", .scalar(UInt32(2)))
  }
  for plan in plans {
    header.addTensor(plan.tensor.name, type: plan.type, dimensions: plan.tensor.dimensions)
  }
  return header
}

/// Whether two paths name one file or folder that is there.
package func isSameFile(_ left: String, _ right: String) -> Bool {
  var first = stat()
  var second = stat()
  guard stat(left, &first) == 0, stat(right, &second) == 0 else { return false }
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

/// Decodes and encodes tensors piece by piece.
private struct Recoder {
  let file: GGUFFile
  let pool: WorkerPool?
  let output: String
  let changed: Set<String>
  let change: WeightChange
  private let buffer = UnitBuffer(byteCount: unitWeights * units * MemoryLayout<Double>.size)

  /// Weights one unit of work converts: 64 KiB of floats, which stay in the cache between decoding and
  /// encoding, and a multiple of every block.
  static let unitWeights = 1 << 14
  /// Units between two writes: 16 MiB of the longest type.
  static let units = 128

  init(
    file: GGUFFile, pool: WorkerPool?, output: String, changed: Set<String>, change: @escaping WeightChange
  ) {
    self.file = file
    self.pool = pool
    self.output = output
    self.changed = changed
    self.change = change
  }

  func write(_ plan: QuantizePlan, to writer: inout GGUFWriter) throws(GGUFError) {
    let tensor = plan.tensor
    file.advise(.sequential, tensor)
    var done = 0
    while done < tensor.elementCount {
      let count = min(Self.unitWeights * Self.units, tensor.elementCount - done)
      try convert(plan, done..<done + count)
      do {
        try writer.append(buffer.bytes(count / plan.type.blockSize * plan.type.blockBytes))
      } catch {
        throw GGUFError(output, .file(error))
      }
      file.advise(.done, tensor, byteRange(tensor.type, from: done, count: count))
      done += count
    }
  }

  /// Converts a range of weights into the front of the buffer.
  private func convert(_ plan: QuantizePlan, _ weights: Range<Int>) throws(GGUFError) {
    let source = SendableBytes(file.bytes(of: plan.tensor))
    let buffer = buffer
    let (tensor, change) = (plan.tensor, changed.contains(plan.tensor.name) ? self.change : nil)
    let units = (weights.count + Self.unitWeights - 1) / Self.unitWeights
    let faults = UnitResults<Fault>(count: units, initial: Fault(index: -1, isTooLarge: false))
    forEachUnit(units, on: pool) { unit in
      let start = unit * Self.unitWeights
      let count = min(Self.unitWeights, weights.count - start)
      let input = source.buffer.blocks(plan.tensor.type, from: weights.lowerBound + start, count: count)
      let result = UnsafeMutableRawBufferPointer(
        rebasing: buffer.buffer[byteRange(plan.type, from: start, count: count)])
      let first = weights.lowerBound + start
      let own = change.map { change in
        { (values: UnsafeMutableBufferPointer<Float>) in change(tensor, first..<first + count, values) }
      }
      if var fault = recode(input, tensor.type, into: result, plan.type, count: count, change: own) {
        fault.index += weights.lowerBound + start
        faults[unit] = fault
      }
    }
    guard let fault = faults.first(where: { $0.index >= 0 }) else { return }
    let problem =
      fault.isTooLarge
      ? "is too large for \(plan.type)" : file.problem(of: plan.tensor, at: fault.index)
    throw GGUFError(
      file.name, .tensor(plan.tensor.name, offset: nil), .weight(index: fault.index, problem: problem))
  }
}

/// The first weight that cannot be converted.
private struct Fault: BitwiseCopyable {
  var index: Int
  /// It is a number, but one no scale of the new type reaches.
  var isTooLarge: Bool
}

/// Converts `count` weights; what is already of the right type is copied as it is, once found sound.
private func recode(
  _ input: UnsafeRawBufferPointer, _ from: TensorType, into output: UnsafeMutableRawBufferPointer,
  _ to: TensorType, count: Int, change: ((UnsafeMutableBufferPointer<Float>) -> Void)?
) -> Fault? {
  if let index = from.firstFault(in: input) { return Fault(index: index, isTooLarge: false) }
  guard from != to || change != nil, let format = to.format as? any EncodableFormat.Type else {
    output.copyMemory(from: input)
    return nil
  }
  withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
    from.decode(input, into: values)
    change?(values)
    format.encode(UnsafeBufferPointer(values), into: output)
  }
  return to.firstFault(in: UnsafeRawBufferPointer(output)).map { Fault(index: $0, isTooLarge: true) }
}

/// Where `count` weights from the one at `first` lie, both multiples of the block.
private func byteRange(_ type: TensorType, from first: Int, count: Int) -> Range<Int> {
  let start = first / type.blockSize * type.blockBytes
  return start..<start + count / type.blockSize * type.blockBytes
}

extension UnsafeRawBufferPointer {
  fileprivate func blocks(_ type: TensorType, from first: Int, count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[byteRange(type, from: first, count: count)])
  }
}

/// Memory whose parts several threads write.
private final class UnitBuffer: @unchecked Sendable {
  let buffer: UnsafeMutableRawBufferPointer

  init(byteCount: Int) { buffer = .allocate(byteCount: byteCount, alignment: 64) }

  deinit { buffer.deallocate() }

  func bytes(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
}

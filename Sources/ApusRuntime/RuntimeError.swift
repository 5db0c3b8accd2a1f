// What can go wrong while the machine is being set up. Errors of files are in FileError.

import ApusBasics

/// Why a `Runtime`, or a part of it, could not be made.
public enum RuntimeError: ApusError, Equatable {
  /// `APUS_CPU` (or the option) names no kernel table.
  case unknownCPU(name: String, known: [String])
  /// The named kernel table exists, but this processor or operating system cannot run it.
  case unsupportedCPU(name: String, supported: [String])
  /// The named kernel table does not give the bits of the portable one.
  case wrongCPU(name: String, difference: String)
  /// No kernel table runs here.
  case noKernels
  /// A worker pool was asked for an impossible number of threads.
  case threadCount(Int, limit: Int)
  /// The system refused to start a thread.
  case threadStart(worker: Int, of: Int, reason: String)
  /// The system refused memory.
  case outOfMemory(bytes: Int, purpose: String, reason: String)
  /// An arena is too small for a request.
  case arenaFull(bytes: Int, used: Int, capacity: Int)

  /// One line that names what failed and the numbers.
  public var description: String {
    switch self {
    case .unknownCPU(let name, let known):
      "unknown CPU '\(name)' (APUS_CPU); known: \(known.joined(separator: ", "))"
    case .unsupportedCPU(let name, let supported):
      "this machine cannot run the kernels '\(name)' (APUS_CPU); it can run: \(supported.joined(separator: ", "))"
    case .wrongCPU(let name, let difference):
      "the kernels '\(name)' (APUS_CPU) differ from the portable ones in \(difference)"
    case .noKernels:
      "no kernels for this machine"
    case .threadCount(let count, let limit):
      "\(count) threads are not possible, 1 to \(limit) are"
    case .threadStart(let worker, let count, let reason):
      "cannot start thread \(worker + 1) of \(count): \(reason)"
    case .outOfMemory(let bytes, let purpose, let reason):
      "cannot get \(bytes) bytes (\(byteText(bytes))) for \(purpose): \(reason)"
    case .arenaFull(let bytes, let used, let capacity):
      "\(bytes) bytes do not fit in an arena of \(capacity) with \(used) in use"
    }
  }
}

/// A number of bytes for people: "17 B", "1.5 GiB".
package func byteText(_ bytes: Int) -> String {
  var value = Double(bytes)
  var unit = 0
  let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
  while value >= 1024, unit + 1 < units.count {
    value /= 1024
    unit += 1
  }
  if unit == 0 { return "\(bytes) B" }
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}

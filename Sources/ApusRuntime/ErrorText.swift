// The system's words for its error numbers.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's text for an error number, such as "No such file or directory".
package func errorText(_ number: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    buffer.initialize(repeating: 0)
    guard strerror_r(number, buffer.baseAddress!, buffer.count) == 0 else { return "error \(number)" }
    return String(cString: buffer.baseAddress!)
  }
}

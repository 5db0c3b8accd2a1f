// Reading the small text files in which Linux describes the machine. Everything that interprets them takes
// a `SystemFiles`, so that tests hand in trees of other machines; an unreadable file is nil, never an error.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A source of system files by absolute path.
package struct SystemFiles: Sendable {
  private let read: @Sendable (_ path: String, _ limit: Int) -> String?

  /// The files of the running system, or of a copy of its tree under `root`.
  package init(root: String = "") {
    read = { path, limit in readText(root + path, limit: limit) }
  }

  /// A made-up system, from path to text.
  package init(_ files: [String: String]) {
    read = { path, _ in files[path] }
  }

  /// The running system.
  package static var system: SystemFiles { SystemFiles() }

  /// The text of a file without the white space around it, at most `limit` bytes; nil when unreadable.
  package func text(_ path: String, limit: Int = 65_536) -> String? {
    read(path, limit).map { trimmed($0[...]) }
  }

  /// The decimal number a file holds; nil when it is unreadable or holds something else.
  package func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0) }
  }
}

/// The first `limit` bytes of a file as text. Files of /proc have no size, so it reads until the end.
private func readText(_ path: String, limit: Int) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var failed = false
  withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { chunk in
    while bytes.count < limit {
      let count = read(descriptor, chunk.baseAddress!, min(chunk.count, limit - bytes.count))
      if count < 0, errno == EINTR { continue }
      failed = count < 0
      if count <= 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
  }
  return failed ? nil : String(decoding: bytes, as: UTF8.self)
}

/// `text` without white space at its ends.
package func trimmed(_ text: Substring) -> String {
  var text = text
  while let first = text.first, first.isWhitespace { text.removeFirst() }
  while let last = text.last, last.isWhitespace { text.removeLast() }
  return String(text)
}

/// The value after "name:" (or "name   :") on a line of its own, as in /proc/cpuinfo and /proc/self/status.
package func field(_ name: String, in text: String) -> String? {
  for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix(name) {
    guard let colon = line.firstIndex(of: ":") else { continue }
    if trimmed(line[..<colon]) == name { return trimmed(line[line.index(after: colon)...]) }
  }
  return nil
}

/// The bytes of a field such as "MemTotal:  24684092 kB".
package func kilobytes(_ text: String, field name: String) -> Int? {
  guard let value = field(name, in: text), let number = value.split(separator: " ").first,
    let kilobytes = Int(number), kilobytes >= 0
  else { return nil }
  let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
  return overflow ? nil : bytes
}

/// The processors of a list such as "0-3,8,10-11"; nil when it is not one.
package func parseCPUList(_ text: String) -> [Int]? {
  var cpus: [Int] = []
  for range in trimmed(text[...]).split(separator: ",") {
    let ends = range.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count <= 2, let first = Int(ends[0]), let last = Int(ends[ends.count - 1]),
      first >= 0, last >= first, last < 65_536
    else { return nil }
    cpus.append(contentsOf: first...last)
  }
  return cpus.isEmpty ? nil : cpus
}

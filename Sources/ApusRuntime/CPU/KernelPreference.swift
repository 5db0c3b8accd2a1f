// The table that `apus doctor` found faster than the widest one, remembered for the processor it was measured on. All
// tables give the same bits, so the choice is one of speed only.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of two lines, the processor and the table, in the user's configuration folder.
public struct KernelPreference: Sendable {
  /// Where it is kept; nil where the environment names no folder.
  public let path: String?

  /// The preference of this process's user: `$XDG_CONFIG_HOME/apus/kernels`, or `~/.config/apus/kernels`.
  public init() {
    self.init { name in getenv(name).map { String(cString: $0) } }
  }

  /// The preference of the user whose environment `variable` looks up.
  package init(_ variable: (String) -> String?) {
    let (own, home) = (variable("XDG_CONFIG_HOME"), variable("HOME"))
    let folder = own?.hasPrefix("/") == true ? own : home?.hasPrefix("/") == true ? home! + "/.config" : nil
    self.init(folder: folder)
  }

  package init(folder: String?) {
    path = folder.map { $0 + "/apus/kernels" }
  }

  /// The table kept for a processor; nil when there is none, or it was measured on another.
  public func table(for processor: String) -> String? {
    guard let path, let text = SystemFiles().text(path) else { return nil }
    let lines = text.split(separator: "\n").map(String.init)
    return lines.count == 2 && lines[0] == processor ? lines[1] : nil
  }

  /// Remembers a table, or forgets the one remembered.
  ///
  /// - Throws: `FileError`.
  public func keep(_ table: String?, for processor: String) throws(FileError) {
    guard let path else { return }
    guard let table else {
      unlink(path)
      return
    }
    // Folders that are there already are no error; one that cannot be made shows when the file is written.
    for end in path.indices where path[end] == "/" && end != path.startIndex {
      mkdir(String(path[..<end]), 0o700)
    }
    var file = try AtomicFile(path: path, replacing: true)
    try file.write(Array("\(processor)\n\(table)\n".utf8))
    try file.commit()
  }
}

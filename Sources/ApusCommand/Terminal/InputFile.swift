// Texts that a command line names: a file, a pipe, or `-` for standard input.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A text named on the command line.
enum InputFile {
  /// Far more than any context holds, and little enough that `/dev/zero` ends soon.
  static let limit = 256 << 20

  /// The bytes of the file at `path`, or of standard input for `-`.
  ///
  /// Files and pipes are read (`-f <(command)` is a pipe); directories, devices and sockets are refused (F24).
  static func read(_ path: String, _ console: Console) throws(CommandError) -> [UInt8] {
    try open(path, console).readAll(limit: limit, name: path == "-" ? "standard input" : path)
  }

  /// The file at `path`, or standard input for `-`, to be read piece by piece.
  static func open(_ path: String, _ console: Console) throws(CommandError) -> InputChannel {
    if path == "-" { return console.input }
    let descriptor = openDescriptor(path)
    guard descriptor >= 0 else { throw .failure("cannot open \(path): \(systemMessage(errno))") }
    let channel = InputChannel(owning: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .failure("cannot read \(path): \(systemMessage(errno))")
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFIFO else {
      throw .failure("\(path): is \(kind == S_IFDIR ? "a directory" : "a device"), not a file")
    }
    return channel
  }
}

private func openDescriptor(_ path: String) -> Int32 {
  open(path, O_RDONLY | O_CLOEXEC)
}

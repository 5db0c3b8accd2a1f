// Making directories and writing files, for fixtures that are folders.

import ApusBasics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system would not make or write a file.
struct CannotWrite: ApusError {
  let path: String
  var description: String { "cannot write \(path)" }
}

package func makeDirectory(_ path: String) throws {
  guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw CannotWrite(path: path) }
}

package func writeFile(_ path: String, _ bytes: [UInt8]) throws {
  guard let file = fopen(path, "wb") else { throw CannotWrite(path: path) }
  let written = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
  guard fclose(file) == 0, written == bytes.count else { throw CannotWrite(path: path) }
}

/// Removes a folder with all that is in it.
package func removeFolder(_ path: String) {
  if let listing = opendir(path) {
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      // A link is removed itself, whatever it points to.
      if unlink(path + "/" + name) != 0 { removeFolder(path + "/" + name) }
    }
  }
  rmdir(path)
}

// The operations that the source folder has, whether or not somebody listed them.

import ApusTestSupport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The names of the types that Sources/ApusGraph/Operations declares as operations, sorted.
func declaredOperations() -> [String] {
  // Tests/ApusGraphTests/Support/OperationFiles.swift
  let package = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
  let folder = package.joined(separator: "/") + "/Sources/ApusGraph/Operations"
  guard let listing = opendir(folder) else { return [] }
  defer { closedir(listing) }
  var found: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    let text = readFile("\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) } ?? ""
    for line in text.split(separator: "\n") {
      let words = line.split { " :,{".contains($0) }
      if words.starts(with: ["package", "struct"]), words.dropFirst(3).contains("Operation") {
        found.append(String(words[2]))
      }
    }
  }
  return found.sorted()
}

// Split sets: one model in several files, `name-00001-of-00003.gguf`, each with `split.no` and `split.count`,
// the first with the metadata and `split.tensors.count`. They are opened together or not at all.

import ApusBasics
import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The set a first file belongs to.
struct GGUFSplit {
  let paths: [String]

  /// The set of the file at `path`, or `nil` when it is whole.
  init?(path: String, metadata: GGUFMetadata, limits: Limits.GGUF) throws(GGUFError) {
    let count = try metadata.int("split.count") ?? 1
    let pattern = SplitName(path)
    guard count > 1 || (pattern?.count ?? 1) > 1 else { return nil }
    guard count <= limits.parts else {
      throw GGUFError(
        path, .overLimit(what: "files of a split set", value: UInt64(count), limit: limits.parts))
    }
    guard let pattern, pattern.count == count else {
      throw GGUFError(
        path, .split("it says it is one of \(count) files (split.count), its name does not end so"))
    }
    let number = try metadata.int("split.no") ?? -1
    guard number == pattern.number - 1 else {
      throw GGUFError(
        path, .split("it is number \(number) of its set (split.no), its name says \(pattern.number - 1)"))
    }
    guard number == 0 else {
      throw GGUFError(
        path, .split("it is file \(pattern.number) of \(count): open the first, \(pattern.path(1))"))
    }
    paths = (1...count).map(pattern.path)
  }

  /// Opens all files of the set.
  func open(first: GGUFContents, _ mapping: MappedFile, _ limits: Limits.GGUF) throws(GGUFError) -> GGUFFile {
    let missing = paths.filter { access($0, F_OK) != 0 }
    guard missing.isEmpty else {
      let names = missing.prefix(8).joined(separator: ", ") + (missing.count > 8 ? ", …" : "")
      throw GGUFError(
        paths[0], .split("\(missing.count) of the \(paths.count) files of the set are missing: \(names)"))
    }
    var tensors = first.tensors
    var warnings = first.warnings
    var mappings = [mapping]
    var owners: [String: Int] = [:]
    for tensor in tensors { owners[tensor.name] = 0 }
    for part in 1..<paths.count {
      let (contents, mapping) = try GGUFContents.open(paths[part], limits)
      try check(contents.metadata, part)
      for tensor in contents.tensors {
        if let other = owners.updateValue(part, forKey: tensor.name) {
          throw GGUFError(
            paths[part],
            .split("it is no part of the set: tensor \(quoted(tensor.name)) is in \(paths[other]) already"))
        }
        tensors.append(
          GGUFTensor(
            name: tensor.name, type: tensor.type, dimensions: tensor.dimensions, offset: tensor.offset,
            byteCount: tensor.byteCount, part: part))
      }
      warnings += contents.warnings
      mappings.append(mapping)
    }
    if let total = try first.metadata.int("split.tensors.count"), total != tensors.count {
      throw GGUFError(
        paths[0],
        .split(
          "the \(paths.count) files of the set hold \(tensors.count) tensors, split.tensors.count is \(total)"
        ))
    }
    return GGUFFile(
      name: paths[0], first: first, tensors: tensors, warnings: warnings,
      parts: mappings.map { SharedBytes($0.bytes, owner: $0) }, mappings: mappings)
  }

  private func check(_ metadata: GGUFMetadata, _ part: Int) throws(GGUFError) {
    let number = try metadata.int("split.no")
    let count = try metadata.int("split.count")
    guard number == part, count == paths.count else {
      let found =
        "split.no \(number.map(String.init) ?? "missing"), split.count \(count.map(String.init) ?? "missing")"
      throw GGUFError(
        paths[part],
        .split("it is no part of the set of \(paths[0]): \(found), not \(part) and \(paths.count)"))
    }
  }
}

/// A path of the form `prefix-00001-of-00003.gguf`.
private struct SplitName {
  let prefix: Substring
  let number: Int
  let count: Int

  init?(_ path: String) {
    let suffix = path.suffix(20)  // "-00001-of-00003.gguf"
    let fields = suffix.dropFirst().prefix(14).split(separator: "-", omittingEmptySubsequences: false)
    guard suffix.first == "-", suffix.hasSuffix(".gguf"), fields.count == 3, fields[1] == "of",
      fields[0].utf8.count == 5, fields[2].utf8.count == 5, let number = Int(fields[0]),
      let count = Int(fields[2]), number >= 1, number <= count
    else { return nil }
    prefix = path.dropLast(20)
    self.number = number
    self.count = count
  }

  func path(_ number: Int) -> String {
    func five(_ value: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    return "\(prefix)-\(five(number))-of-\(five(count)).gguf"
  }
}

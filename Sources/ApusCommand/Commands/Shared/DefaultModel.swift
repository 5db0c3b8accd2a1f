// The model inside the program: what commands use where none is named, so that there is something to run from the first
// minute. `make model` makes it.

import ApusFiles
import CDefaultModel

enum DefaultModel {
  /// What it is called where a file could be named; `./apus-5m` is the file.
  static let name = "apus-5m"

  /// The file, in place.
  static func file() throws(GGUFError) -> GGUFFile {
    let bytes = UnsafeRawBufferPointer(start: apus_default_model(), count: apus_default_model_size())
    return try GGUFFile(SharedBytes(bytes, owner: Program()), name: name)
  }

  /// What keeps the bytes: they are part of the program.
  private final class Program: Sendable {}
}

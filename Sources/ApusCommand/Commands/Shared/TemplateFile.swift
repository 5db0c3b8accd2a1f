// A chat template on the command line: a Jinja file, read and parsed, so that a mistake in it is told with its name.

import ApusText

enum TemplateFile {
  /// The template at `path`; nil without one.
  static func read(_ path: String?, _ console: Console) throws -> String? {
    guard let path else { return nil }
    let source = String(decoding: try InputFile.read(path, console), as: UTF8.self)
    _ = try ModelFile.naming(path) { try ChatTemplate(source) }
    return source
  }
}

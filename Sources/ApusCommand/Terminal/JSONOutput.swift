// What `--json` prints: one JSON document as the last line of standard output, keys in the order given.

import ApusBasics

extension Console {
  /// Writes the document as a line of its own. It may hold names from a file, so that on a terminal it is
  /// filtered like them.
  func json(_ document: JSONValue) throws(CommandError) {
    try foreign(document.serialized() + "\n")
  }
}

// Checking pages without a browser.

/// The first element of a page that is not closed in order; nil if all are.
package func unbalancedHTML(_ page: String) -> String? {
  let void: Set<Substring> = ["meta", "link", "br", "!DOCTYPE"]
  var open: [Substring] = []
  for piece in page.split(separator: "<").dropFirst(page.hasPrefix("<") ? 0 : 1) {
    guard let end = piece.firstIndex(of: ">") else { return String(piece.prefix(40)) }
    let tag = piece[..<end]
    let name = tag.prefix { $0 != " " && $0 != "/" || $0 == tag.first && $0 == "/" }
    if name.hasPrefix("/") {
      guard open.popLast() == name.dropFirst() else { return String(tag) }
    } else if !tag.hasSuffix("/"), !void.contains(name) {
      open.append(name)
    }
  }
  return open.first.map(String.init)
}

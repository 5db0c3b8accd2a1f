// Texts of any origin in HTML.

/// A text as HTML shows it; what HTML does not allow is left out.
package func escapedHTML(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "\n", "\t": result.unicodeScalars.append(scalar)
    case "\u{0}"..<" ", "\u{7F}"..<"\u{A0}": break
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

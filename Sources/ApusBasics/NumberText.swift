// Numbers for people's eyes: fixed decimals, sizes, rates, durations.

/// `value` with exactly `digits` decimals, rounded half away from zero: `fixed(3.14159, 2)` is `3.14`.
package func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = (abs(value) * scale).rounded()
  guard scaled < 9e18 else { return "\(value)" }
  var text = String(Int(scaled))
  if digits > 0 {
    text = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
  }
  return value < 0 && scaled > 0 ? "-" + text : text
}

/// A size in bytes with decimal units: `982 B`, `1.47 MB`.
package func sizeText(_ bytes: Int) -> String {
  var value = Double(bytes)
  var unit = 0
  let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
  while abs(value) >= 999.5, unit + 1 < units.count {
    value /= 1000
    unit += 1
  }
  return
    "\(unit == 0 ? String(bytes) : fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(units[unit])"
}

/// A count with its thousands apart: `1,234,567`.
package func countText(_ count: Int) -> String {
  let digits = String(count.magnitude)
  var groups: [Substring] = []
  var rest = digits[...]
  while rest.count > 3 {
    groups.append(rest.suffix(3))
    rest = rest.dropLast(3)
  }
  groups.append(rest)
  return (count < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
}

/// A duration as a clock shows it: `0:07`, `12:31`, `1:02:03`.
package func clockText(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 360_000_000 else { return "-:--" }
  let whole = Int(max(0, seconds).rounded())
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let (hours, minutes) = (whole / 3600, whole / 60 % 60)
  return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
}

/// A number as people write it: `1`, `0.8`, never `1.0`.
package func shortText(_ number: Double) -> String {
  let text = "\(number)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

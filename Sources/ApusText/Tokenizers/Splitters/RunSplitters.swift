// The small steps that chains are made of: runs of one sort of character, digits in groups, lines.

/// A set of characters: those with one of some properties, and those in some ranges.
struct CharacterSet: Sendable {
  var classes: CharacterClass
  let ranges: [ClosedRange<UInt32>]

  init(classes: CharacterClass = [], ranges: [ClosedRange<UInt32>] = []) {
    self.classes = classes
    self.ranges = ranges.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// Properties and single characters.
  init(classes: CharacterClass = [], _ characters: String) {
    self.init(classes: classes, ranges: characters.unicodeScalars.map { $0.value...$0.value })
  }

  func contains(_ character: ScannedText.Character) -> Bool {
    guard character.length > 0 else { return false }
    if character.isAny(classes) { return true }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < character.scalar { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= character.scalar
  }
}

/// `X+`, `\s?X+`, ` ?X+`, or `X{1,n}` for a set X.
struct RunSplitter: MatchingSplitter {
  /// What may stand before the run and then belongs to it.
  enum Before: Sendable { case nothing, whitespace, blank }

  var set: CharacterSet
  var before = Before.nothing
  /// The longest run; 0 for no limit.
  var limit = 0

  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    let character = text.character(position, end)
    var next = position
    if before == .whitespace && character.isAny(.space) || before == .blank && character.scalar == 0x20 {
      if set.contains(text.character(position + character.length, end)) { next += character.length }
    }
    let first = next
    var count = 0
    while limit == 0 || count < limit {
      let character = text.character(next, end)
      guard set.contains(character) else { break }
      next += character.length
      count += 1
    }
    return next > first ? next : nil
  }
}

/// `[0-9][0-9][0-9]`
struct ThreeDigitsSplitter: MatchingSplitter {
  func match(_ text: ScannedText, at position: Int, _ start: Int, _ end: Int) -> Int? {
    guard end - position >= 3 else { return nil }
    for index in position..<position + 3 where !(0x30...0x39 ~= text.base[index]) { return nil }
    return position + 3
  }
}

/// Digits in groups of three from the right, the first group one to three long.
struct DigitGroupsSplitter: Splitter {
  /// Which runs are grouped.
  enum Rule: Sendable {
    /// Runs of `\p{N}`.
    case numbers
    /// `\d{1,3}(?=(?:\d{3})*\b)`: runs of `\d`, unless a letter or the like follows.
    case wholeWords
    /// `(?=(\d{3})+(?!\d))`, matches of no length: cuts within runs of `\d`. What comes before the first cut and
    /// after the last group stays with its neighbours.
    case cuts
  }

  var rule: Rule

  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    let wanted: CharacterClass = rule == .numbers ? .number : .digit
    var gap = start
    func cut(_ position: Int) {
      if gap < position { word(gap, position) }
      gap = position
    }
    var position = start
    while position < end {
      let character = text.character(position, end)
      guard character.isAny(wanted) else {
        position += character.length
        continue
      }
      let run = text.skip(wanted, from: position, end)
      let continues = text.character(run, end).isAny([.letter, .mark, .digit, .connector])
      if rule != .wholeWords || !continues {
        if rule != .cuts { cut(position) }
        var remaining = count(text, position, run)
        while position < run {
          if remaining % 3 == 0 { cut(position) }
          position += text.character(position, run).length
          remaining -= 1
        }
        if rule != .cuts { cut(run) }
      }
      position = run
    }
    cut(end)
  }

  private func count(_ text: ScannedText, _ start: Int, _ end: Int) -> Int {
    var count = 0
    var position = start
    while position < end {
      position += text.character(position, end).length
      count += 1
    }
    return count
  }
}

/// `[^\n]+|[\n]+`
struct LineSplitter: Splitter {
  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    var position = start
    while position < end {
      let isLine = text.base[position] == 0x0A
      var next = position + 1
      while next < end, (text.base[next] == 0x0A) == isLine { next += 1 }
      word(position, next)
      position = next
    }
  }
}

/// `\s+$`: white space at the end of a text.
struct TrailingSpaceSplitter: Splitter {
  func split(_ text: ScannedText, _ start: Int, _ end: Int, _ word: (Int, Int) -> Void) {
    var position = start
    var space = start
    while position < end {
      let character = text.character(position, end)
      position += character.length
      if !character.isAny(.space) { space = position }
    }
    if start < space { word(start, space) }
    if space < end { word(space, end) }
  }
}

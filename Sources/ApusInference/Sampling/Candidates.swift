// The tokens in the running and what samplers may do with them. It starts as the *whole* row of logits,
// read where the model wrote it, and becomes a *list* of candidates when the first sampler narrows it
// down. Narrowing a row never sorts it, and copies only what may survive.

import ApusTensor

/// The candidates for one token, and the memory to work on them.
///
/// Everything is allocated at the start, about 16 bytes per token of the vocabulary, most of which stays
/// untouched (and so takes no real memory) when a top-k comes early.
package struct Candidates: ~Copyable, @unchecked Sendable {
  let kernels: KernelTable
  let vocabularySize: Int

  /// True while every allowed token is a candidate and its logit is the one in `row`.
  var isWhole = false
  /// The logits: the caller's, or `scaled` once they were divided by a temperature.
  var row: UnsafeMutablePointer<Float>
  /// Bit `t` of the words allows token `t`; `nil` allows all.
  var mask: UnsafePointer<UInt64>?
  private var original: UnsafeMutablePointer<Float>
  private let scaled: UnsafeMutablePointer<Float>

  /// Room for the whole vocabulary; the first `count` elements are the list.
  private let list: UnsafeMutableBufferPointer<Candidate>
  var count = 0
  /// The list is in the order `ByLogit`.
  var isSorted = false

  /// Logits of the caller's row before they were changed, to put them back.
  private let changes: UnsafeMutableBufferPointer<(token: Int32, logit: Float)>
  private var changeCount = 0

  /// The largest allowed logit of each tile; valid after `survey()`, like `best` and `maximum`.
  private let tileMaxima: UnsafeMutablePointer<Float>
  private var isSurveyed = false
  private(set) var best: Int32 = -1
  private(set) var maximum: Float = 0

  /// Tokens in a tile: 1 KiB of logits, four words of the mask. The k best tokens live in the k best
  /// tiles, so top-k 40 looks at 10,240 of 262,144 logits one by one.
  static let tileSize = 256
  private var tileCount: Int { (vocabularySize + Self.tileSize - 1) / Self.tileSize }

  /// The model's logits beyond this are broken, and might overflow when divided by a small temperature.
  static let largestLogit: Float = 1e30
  /// The same for the logits in `row`.
  private var limit = Self.largestLogit

  /// - Parameter maximumChanges: how many logits `add` and `adjust` change in one sampling, at most.
  init(vocabularySize: Int, kernels: KernelTable, maximumChanges: Int) {
    precondition(vocabularySize > 0 && vocabularySize <= Int(Int32.max))
    self.vocabularySize = vocabularySize
    self.kernels = kernels
    scaled = .allocate(capacity: vocabularySize)
    original = scaled
    row = scaled
    list = .allocate(capacity: vocabularySize)
    changes = .allocate(capacity: maximumChanges)
    tileMaxima = .allocate(capacity: (vocabularySize + Self.tileSize - 1) / Self.tileSize)
  }

  deinit {
    scaled.deallocate()
    list.deallocate()
    changes.deallocate()
    tileMaxima.deallocate()
  }

  /// The list.
  package var entries: UnsafeMutableBufferPointer<Candidate> {
    UnsafeMutableBufferPointer(rebasing: list[..<count])
  }

  // MARK: One sampling

  /// Starts from a row of logits. Until `end()` it may hold changed values.
  mutating func begin(_ logits: UnsafeMutablePointer<Float>, mask: UnsafePointer<UInt64>?) {
    original = logits
    row = logits
    self.mask = mask
    isWhole = true
    limit = Self.largestLogit
    isSurveyed = false
    isSorted = false
    count = 0
    changeCount = 0
  }

  /// Gives the caller's row its logits back.
  mutating func end() {
    for index in (0..<changeCount).reversed() {
      original[Int(changes[index].token)] = changes[index].logit
    }
    changeCount = 0
  }

  /// Adds a bias to each given token. Only while the row is whole.
  mutating func add(_ biases: [(token: Int32, bias: Float)]) {
    precondition(isWhole)
    for (token, bias) in biases { change(token, to: row[Int(token)] + bias) }
  }

  /// Changes the logits of those candidates that have a value in `table`.
  mutating func adjust(
    _ table: borrowing TokenTable, _ changed: (_ token: Int32, _ value: Int32, _ logit: Float) -> Float
  ) {
    if isWhole {
      table.forEach { token, value in
        change(token, to: changed(token, value, row[Int(token)]))
      }
    } else {
      for index in 0..<count {
        let value = table[list[index].token]
        if value != 0 { list[index].logit = changed(list[index].token, value, list[index].logit) }
      }
      isSorted = false
    }
  }

  private mutating func change(_ token: Int32, to logit: Float) {
    if row == original {
      changes[changeCount] = (token, row[Int(token)])
      changeCount += 1
    }
    row[Int(token)] = logit
    isSurveyed = false
  }

  /// Multiplies every logit.
  mutating func scale(by factor: Float) {
    if isWhole {
      kernels.pointee.scale(row, factor, Int32(vocabularySize), scaled)
      row = scaled
      limit *= factor
      isSurveyed = false
    } else {
      for index in 0..<count { list[index].logit *= factor }
    }
  }

  // MARK: From the whole row to a list

  /// Finds the largest logit of every tile.
  ///
  /// - Throws: `badLogit` for NaN, plus infinity and absurdly large ones; `noTokenAllowed` if none is left.
  mutating func survey() throws(SamplingError) {
    guard !isSurveyed else { return }
    best = -1
    maximum = -.infinity
    for tile in 0..<tileCount {
      let token = bestToken(ofTile: tile)
      let logit = token < 0 ? -.infinity : row[token]
      // Written so that NaN is refused.
      guard logit <= limit else { throw .badLogit(token: Int32(token), value: logit) }
      tileMaxima[tile] = logit
      if logit > maximum {
        maximum = logit
        best = Int32(token)
      }
    }
    guard best >= 0 else { throw .noTokenAllowed }
    guard maximum >= -limit else { throw .badLogit(token: best, value: maximum) }
    isSurveyed = true
  }

  /// The first of the tile's allowed tokens with the largest logit, NaN being larger than all; -1 if the
  /// mask allows none.
  private func bestToken(ofTile tile: Int) -> Int {
    let first = tile * Self.tileSize
    let length = min(Self.tileSize, vocabularySize - first)
    guard let mask else { return first + Int(kernels.pointee.argmax(row + first, Int64(length))) }
    var best = -1
    forEachAllowed(in: first..<first + length, mask) { token in
      let logit = row[token]
      if best < 0 || logit > row[best] || (logit.isNaN && !row[best].isNaN) { best = token }
    }
    return best
  }

  private func forEachAllowed(
    in tokens: Range<Int>, _ mask: UnsafePointer<UInt64>, _ body: (Int) -> Void
  ) {
    var first = tokens.lowerBound
    while first < tokens.upperBound {
      var bits = mask[first / 64]
      while bits != 0 {
        let token = first + bits.trailingZeroBitCount
        if token < tokens.upperBound { body(token) }
        bits &= bits - 1
      }
      first += 64
    }
  }

  /// Lists the allowed tokens whose logit is above `threshold`, and the first `ties` that equal it.
  private mutating func gather(from threshold: Float, ties: Int) {
    var count = 0
    var ties = threshold == -.infinity ? 0 : ties
    func take(_ token: Int) {
      let logit = row[token]
      guard logit >= threshold else { return }
      if logit == threshold {
        guard ties > 0 else { return }
        ties -= 1
      }
      list[count] = Candidate(token: Int32(token), logit: logit)
      count += 1
    }
    for tile in 0..<tileCount where tileMaxima[tile] >= threshold {
      let first = tile * Self.tileSize
      let tokens = first..<min(first + Self.tileSize, vocabularySize)
      if let mask {
        forEachAllowed(in: tokens, mask, take)
      } else {
        for token in tokens { take(token) }
      }
    }
    self.count = count
    isSorted = false
  }

  /// Fills the list with the `wanted` likeliest tokens, in order, while the row stays whole.
  mutating func peekTop(_ wanted: Int) throws(SamplingError) {
    precondition(isWhole && wanted > 0)
    try survey()
    if wanted < tileCount {
      // The list is free: select among the tiles' maxima in it.
      for tile in 0..<tileCount {
        list[tile] = Candidate(token: Int32(tile), logit: tileMaxima[tile])
      }
      count = tileCount
      entries.select(wanted, by: ByLogit())
      var threshold = Float.infinity
      for index in 0..<wanted { threshold = min(threshold, list[index].logit) }
      gather(from: threshold, ties: wanted)
    } else {
      gather(from: -.infinity, ties: 0)
    }
    narrowList(to: wanted)
  }

  private mutating func narrowList(to wanted: Int) {
    if !isSorted {
      if wanted < count { entries.select(wanted, by: ByLogit()) }
      count = min(count, wanted)
      entries.order(by: ByLogit())
      isSorted = true
    }
    count = min(count, wanted)
  }

  // MARK: What samplers do

  /// Makes every allowed token an element of the list.
  mutating func makeList() throws(SamplingError) {
    guard isWhole else { return }
    try survey()
    gather(from: -.infinity, ties: 0)
    isWhole = false
  }

  /// Leaves the likeliest candidate alone.
  mutating func keepBest() throws(SamplingError) {
    if isWhole {
      try survey()
      list[0] = Candidate(token: best, logit: maximum)
      isWhole = false
    } else {
      let order = ByLogit()
      for index in 1..<max(1, count) where order.precedes(list[index], list[0]) { list[0] = list[index] }
    }
    count = 1
    isSorted = true
  }

  /// Leaves the `wanted` likeliest candidates, sorted.
  mutating func keepTop(_ wanted: Int) throws(SamplingError) {
    if isWhole {
      guard wanted < vocabularySize else { return }
      try peekTop(wanted)
      isWhole = false
    } else {
      narrowList(to: wanted)
    }
  }

  /// Leaves candidates whose logit is at least `threshold`, and the `minimum` (at least 1) likeliest.
  mutating func keepAtLeast(_ threshold: Float, minimum: Int) throws(SamplingError) {
    let minimum = max(1, minimum)
    if isWhole {
      try survey()
      gather(from: threshold, ties: vocabularySize)
      if count < minimum { return try keepTop(minimum) }
      isWhole = false
      return
    }
    var above = 0
    for index in 0..<count where list[index].logit >= threshold { above += 1 }
    guard above >= minimum else { return narrowList(to: minimum) }
    keep { $0.logit >= threshold }
  }

  /// Leaves the elements of the list that satisfy a condition, in their order.
  mutating func keep(_ condition: (Candidate) -> Bool) {
    precondition(!isWhole)
    var kept = 0
    for index in 0..<count where condition(list[index]) {
      list[kept] = list[index]
      kept += 1
    }
    count = kept
  }
}

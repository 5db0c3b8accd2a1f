// Rows of whole documents: every token once in an epoch, no target across a document, little padding.

import Testing

@testable import ApusData

@Suite struct DocumentRowTests {
  struct Shape: CustomTestStringConvertible {
    var documents: Int
    var longest: Int
    var length: Int
    var seed: UInt64
    var testDescription: String { "\(documents) documents up to \(longest), rows of \(length), seed \(seed)" }
  }

  static let shapes = [
    Shape(documents: 1, longest: 5000, length: 7, seed: 1),
    Shape(documents: 2500, longest: 100, length: 32, seed: 2),
    Shape(documents: 2049, longest: 40, length: 128, seed: 3),
    Shape(documents: 1024, longest: 40, length: 1, seed: 4),
    Shape(documents: 500, longest: 65, length: 65, seed: 5),
    Shape(documents: 1100, longest: 200, length: 64, seed: 6),
  ]

  @Test(arguments: shapes)
  func everyTokenOnceAndNoTargetAcross(_ shape: Shape) throws {
    let lengths = documentLengths(count: shape.documents, longest: shape.longest, seed: shape.seed)
    let dataset = try countingDataset(lengths: lengths)
    let plan = try BatchPlan(
      dataset, BatchSettings(mode: .documents, sequences: 1, length: shape.length, seed: shape.seed))
    var document = [Int](repeating: -1, count: dataset.tokenCount + 1)
    for index in 0..<dataset.documentCount {
      for token in dataset.range(ofDocument: index) { document[token + 1] = index }
    }
    for epoch in 0..<2 {
      var check = EpochCheck(document)
      for row in rows(plan, epoch * plan.rowsPerEpoch..<(epoch + 1) * plan.rowsPerEpoch) { check.add(row) }
      #expect(check.problems.prefix(5).isEmpty, "epoch \(epoch)")
      #expect(!check.isSeen[1...].contains(false), "epoch \(epoch): a token is missing")
      #expect(check.targets == dataset.tokenCount - dataset.documentCount)
      #expect(check.padding == plan.paddingPerEpoch)
    }
    #expect(plan.splitDocuments == lengths.count { $0 > shape.length })
    #expect(
      plan.splitRows == lengths.filter { $0 > shape.length }.reduce(0) { $0 + $1 / shape.length })
  }

  /// Also where a thousand documents fill a few rows only.
  @Test(arguments: [(600, 512), (60, 1024), (5000, 128)])
  func packsTightly(longest: Int, length: Int) throws {
    let lengths = documentLengths(count: 5000, longest: longest, seed: 11)
    let plan = try BatchPlan(
      countingDataset(lengths: lengths), BatchSettings(mode: .documents, sequences: 1, length: length))
    let share = Double(plan.paddingPerEpoch) / Double(plan.rowsPerEpoch * length)
    #expect(share < 0.011, "\(share) of the places are padding")
  }

  /// The packing against a slow one that looks through all rows.
  @Test(arguments: 0..<20)
  func isBestFit(seed: Int) throws {
    let length = 1 + seed * 17
    let lengths = documentLengths(count: 200, longest: 2 * length + 2, seed: UInt64(seed))
    let dataset = try countingDataset(lengths: lengths)
    var packer = DocumentPacker(length: length, window: 200)
    packer.pack(dataset, 0..<200)
    var room: [Int] = []
    for rest in lengths.map({ $0 % length }).filter({ $0 > 0 }).sorted(by: >) {
      if let best = room.indices.filter({ room[$0] >= rest }).min(by: { room[$0] < room[$1] }) {
        room[best] -= rest
      } else {
        room.append(length - rest)
      }
    }
    #expect(packer.rowCount == lengths.reduce(0) { $0 + $1 / length } + room.count)
    var found: [Int] = []
    for row in 0..<packer.rowCount {
      var used = 0
      packer.forEachPiece(ofRow: row) { used += $0.count }
      if row >= packer.rowCount - room.count { found.append(length - used) }
    }
    #expect(found.sorted() == room.sorted())
  }
}

/// What the rows of an epoch hold, for a corpus whose token i has id i + 1.
private struct EpochCheck {
  /// The document of each id.
  let document: [Int]
  var isSeen: [Bool]
  var targets = 0
  var padding = 0
  var problems: [String] = []

  init(_ document: [Int]) {
    self.document = document
    isSeen = [Bool](repeating: false, count: document.count)
  }

  mutating func add(_ row: Row) {
    if row.segments.reduce(0, +) != row.tokens.count || row.segments.contains(where: { $0 < 1 }) {
      problems.append("segments \(row.segments)")
      return
    }
    var start = 0
    for segment in row.segments {
      let range = start..<start + segment
      start += segment
      if row.tokens[range.lowerBound] == 0 {
        padding += segment
        let isEmpty = row.tokens[range].allSatisfy { $0 == 0 } && row.targets[range].allSatisfy { $0 == -1 }
        if !isEmpty || range.upperBound != row.tokens.count { problems.append("padding \(range)") }
        continue
      }
      for place in range {
        let token = Int(row.tokens[place])
        if place > range.lowerBound, token != Int(row.tokens[place - 1]) + 1 {
          problems.append("gap at \(token)")
        }
        if document[token] != document[Int(row.tokens[range.lowerBound])] {
          problems.append("a segment of two documents at \(token)")
        }
        if isSeen[token] { problems.append("\(token) twice") }
        isSeen[token] = true
        let isLast = token + 1 == document.count || document[token + 1] != document[token]
        if row.targets[place] != (isLast ? -1 : Int32(token + 1)) {
          problems.append("\(row.targets[place]) follows \(token)")
        }
        if row.targets[place] != -1 { targets += 1 }
      }
    }
  }
}

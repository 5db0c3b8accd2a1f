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
    Shape(documents: 1, longest: 5000, length: 7, seed: 1), Shape(documents: 3000, longest: 300, length: 64, seed: 2),
    Shape(documents: 2049, longest: 40, length: 128, seed: 3), Shape(documents: 1024, longest: 1000, length: 1, seed: 4),
    Shape(documents: 500, longest: 65, length: 65, seed: 5), Shape(documents: 1500, longest: 2000, length: 256, seed: 6),
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
      var isSeen = [Bool](repeating: false, count: dataset.tokenCount + 1)
      var isPredicted = isSeen
      var padding = 0
      for row in rows(plan, epoch * plan.rowsPerEpoch..<(epoch + 1) * plan.rowsPerEpoch) {
        #expect(row.segments.reduce(0, +) == shape.length && row.segments.allSatisfy { $0 > 0 })
        var start = 0
        for segment in row.segments {
          let tokens = row.tokens[start..<start + segment]
          let targets = row.targets[start..<start + segment]
          start += segment
          if tokens.first == 0 {
            padding += segment
            #expect(tokens.allSatisfy { $0 == 0 } && targets.allSatisfy { $0 == -1 })
            continue
          }
          #expect(Array(tokens) == Array(tokens.first!..<tokens.first! + Int32(segment)))
          #expect(Set(tokens.map { document[Int($0)] }).count == 1, "a segment of two documents")
          for (token, target) in zip(tokens, targets) {
            #expect(!isSeen[Int(token)])
            isSeen[Int(token)] = true
            let isLast = Int(token) == dataset.tokenCount || document[Int(token) + 1] != document[Int(token)]
            #expect(target == (isLast ? -1 : token + 1))
            if target != -1 { isPredicted[Int(target)] = true }
          }
        }
      }
      #expect(!isSeen[1...].contains(false), "epoch \(epoch)")
      #expect(isPredicted.count { $0 } == dataset.tokenCount - dataset.documentCount)
      #expect(padding == plan.paddingPerEpoch)
    }
    #expect(plan.splitDocuments == lengths.count { $0 > shape.length })
    #expect(
      plan.splitRows == lengths.filter { $0 > shape.length }.reduce(0) { $0 + $1 / shape.length })
  }

  @Test func packsTightly() throws {
    let lengths = documentLengths(count: 8192, longest: 600, seed: 11)
    let plan = try BatchPlan(
      countingDataset(lengths: lengths), BatchSettings(mode: .documents, sequences: 1, length: 512))
    let share = Double(plan.paddingPerEpoch) / Double(plan.rowsPerEpoch * 512)
    #expect(share < 0.01, "\(share) of the places are padding")
  }

  /// The packing against a slow one that looks through all rows.
  @Test(arguments: 0..<20)
  func isBestFit(seed: Int) throws {
    let length = 1 + seed * 5
    let lengths = documentLengths(count: 60, longest: 2 * length + 2, seed: UInt64(seed))
    let dataset = try countingDataset(lengths: lengths)
    var packer = DocumentPacker(length: length, window: 60)
    packer.pack(dataset, 0..<60)
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

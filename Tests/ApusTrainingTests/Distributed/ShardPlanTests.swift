// The division of weights among ranks: every float once, rows cut at units only, even loads, messages that are not too large.

import Testing

@testable import ApusTraining

@Suite struct ShardPlanTests {
  /// Tensors one behind the other, as `TrainableWeights` lays them out.
  static func layout(_ shapes: [(rows: Int, columns: Int)]) -> [TrainableWeights.Tensor] {
    var offset = 0
    return shapes.enumerated().map { index, shape in
      defer { offset += (shape.rows * shape.columns + 15) & ~15 }
      return TrainableWeights.Tensor(
        name: "t\(index)", rows: shape.rows, columns: shape.columns, offset: offset, isLookedUp: false,
        isProduct: true)
    }
  }

  static let shapes: [[(rows: Int, columns: Int)]] = [
    [(1, 1)], [(1, 7), (3, 5)], [(35, 300), (260, 37), (1, 513), (33, 1), (1, 1)],
    [(4000, 96), (1, 96), (96, 96), (288, 96), (1, 96), (384, 96), (96, 384), (1000, 64)],
  ]

  @Test(arguments: shapes.indices, [1, 2, 3, 4, 7])
  func everyFloatOnce(_ model: Int, _ size: Int) {
    let tensors = Self.layout(Self.shapes[model])
    let all = TrainableWeights.floats(tensors)
    for bucketFloats in [16, 1000, 1 << 14, 1 << 20] {
      let plan = ShardPlan(tensors, size: size, bucketFloats: bucketFloats)
      // Messages are as large as asked, unless there would be more than have a number.
      #expect(plan.messageFloats == bucketFloats || bucketFloats < 2 * all / RankTag.mostBuckets + 16)
      #expect(plan.buckets.count <= RankTag.mostBuckets)
      // Buckets go down without a gap.
      var end = all
      for bucket in plan.buckets {
        #expect(bucket.floats.upperBound == end && !bucket.floats.isEmpty)
        #expect(bucket.floats.count <= plan.messageFloats, "bucket of \(bucket.floats.count)")
        end = bucket.floats.lowerBound
        let inside = tensors.indices.filter { number in
          let tensor = tensors[number]
          return (tensor.offset..<tensor.offset + tensor.count).overlaps(bucket.floats)
        }
        #expect(Set(inside).isSubset(of: Set(bucket.tensors)))
      }
      #expect(end == 0)
      // Every row belongs to one rank, the one that sums its floats.
      var owners = [[Int]](repeating: [], count: all)
      for rank in 0..<size {
        for piece in plan.pieces(of: rank) {
          let tensor = tensors[piece.tensor]
          let rows = UpdateUnit.rows(columns: tensor.columns)
          #expect(piece.rows.lowerBound % rows == 0)
          #expect(piece.rows.upperBound % rows == 0 || piece.rows.upperBound == tensor.rows)
          for row in piece.rows {
            for column in 0..<tensor.columns {
              owners[tensor.offset + row * tensor.columns + column].append(rank)
            }
          }
        }
      }
      for bucket in plan.buckets {
        for float in bucket.floats where !owners[float].isEmpty { #expect(owners[float] == [bucket.owner]) }
      }
      #expect(owners.filter { $0.count == 1 }.count == tensors.reduce(0) { $0 + $1.count })
    }
  }

  @Test(arguments: [2, 3, 4, 8])
  func evenLoads(_ size: Int) {
    let tensors = Self.layout(Self.shapes[3])
    let plan = ShardPlan(tensors, size: size)
    var loads = [Int](repeating: 0, count: size)
    for bucket in plan.buckets { loads[bucket.owner] += bucket.floats.count }
    let mean = Double(TrainableWeights.floats(tensors)) / Double(size)
    // A unit is 8,192 floats, a share an eighth of what a rank has.
    #expect(Double(loads.max()!) <= mean * 1.125 + 8192, "loads \(loads)")
  }

  @Test func wholeTensorsStayWhole() {
    let tensors = Self.layout(Self.shapes[3])
    let plan = ShardPlan(tensors, size: 3, bucketFloats: 5000) { $0 != 1 }
    let pieces = (0..<3).flatMap { plan.pieces(of: $0) }
    #expect(pieces.count == tensors.count)
    for piece in pieces { #expect(piece.rows == 0..<tensors[piece.tensor].rows) }
    #expect(plan.largestBucket <= 5008)
  }

  @Test(arguments: [1, 2, 3, 4, 5], [1, 2, 3, 7, 16, 33])
  func rowsOfAStep(_ size: Int, _ count: Int) {
    var next = 0
    for rank in 0..<size {
      let rows = RankGroup.rows(of: rank, size: size, count: count)
      #expect(rows.lowerBound == next)
      for row in rows { #expect(row * size / count == rank) }
      next = rows.upperBound
    }
    #expect(next == count)
  }
}

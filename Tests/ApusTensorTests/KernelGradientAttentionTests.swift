// The backward pass of attention of every table: bits against portable, against its definition written out in Swift, and
// against calls over other rows and keys.

import CApusKernels
import Testing

@Suite struct KernelGradientAttentionTests {
  static let supported = Table.all.filter(\.isSupported)
  static let formats = KernelAttentionTests.formats
  static func heads(_ format: apus_kv) -> [Int] {
    format == APUS_KV_Q8_0 ? [32, 64, 96, 128] : [2, 16, 20, 64, 80, 128]
  }

  /// Shapes around the tiles, the blocks of rows and the pages.
  static func problems(_ format: apus_kv, seed: UInt64) -> [AttentionProblem] {
    var numbers = SeededNumbers(seed)
    let shapes = [(1, 1), (3, 17), (13, 13), (49, 64), (25, 65), (97, 97), (150, 150), (5, 129)]
    return heads(format).enumerated().flatMap { index, headSize in
      shapes.enumerated().compactMap { at, shape in
        // The large ones once in a while.
        guard shape.0 < 90 || (at + index) % 3 == 0 else { return nil }
        let masks = AttentionProblem.Mask.allCases
        return AttentionProblem(
          format, headSize: headSize, tokens: shape.0, group: [1, 3, 4][(at + index) % 3], keys: shape.1,
          mask: masks[(at + index) % masks.count], softcap: (at + index) % 5 == 1 ? 3 : 0, numbers: &numbers)
      }
    }
  }

  @Test(arguments: formats)
  func sameBitsAsPortable(_ format: apus_kv) {
    for problem in Self.problems(format, seed: 1) {
      let expected = problem.run(.portable)
      for table in Table.others {
        let difference = expected.difference(problem.run(table))
        #expect(difference == nil, "\(table), \(problem): \(difference ?? "")")
      }
    }
  }

  @Test(arguments: formats)
  func portableIsAsDefined(_ format: apus_kv) {
    for problem in Self.problems(format, seed: 2) {
      let difference = problem.run(.portable).difference(problem.defined())
      #expect(difference == nil, "\(problem): \(difference ?? "")")
    }
  }

  /// A row's dq does not depend on the other rows; a key's dk and dv not on rows that see nothing of its page; neither on
  /// keys no row sees.
  @Test(arguments: supported)
  func otherRowsAndKeysChangeNothing(_ table: Table) {
    var numbers = SeededNumbers(6)
    for mask in [AttentionProblem.Mask.ragged, .window] {
      let problem = AttentionProblem(
        APUS_KV_F16, headSize: 48, tokens: 90, keys: 180, mask: mask, numbers: &numbers)
      let whole = problem.run(table)
      for row in problem.rows.indices {
        let alone = problem.with([row]).run(table)
        #expect(alone.dq[0].map(bits) == whole.dq[row].map(bits), "\(table), \(mask), row \(row)")
      }
      for page in 0..<3 {
        let keys = 64 * page..<min(64 * page + 64, 180)
        let seeing = problem.rows.indices.filter {
          problem.rows[$0].first < keys.upperBound && problem.rows[$0].last > keys.lowerBound
        }
        #expect(seeing.count < problem.rows.count)
        let part = problem.with(seeing).run(table)
        for key in keys {
          let what: Comment = "\(table), \(mask), key \(key)"
          #expect(part.dk[key].map(bits) == whole.dk[key].map(bits), what)
          #expect(part.dv[key].map(bits) == whole.dv[key].map(bits), what)
        }
      }
    }
    var problem = AttentionProblem(
      APUS_KV_F32, headSize: 20, tokens: 30, keys: 150, mask: .causal, numbers: &numbers)
    let early = problem.rows.indices.filter { problem.rows[$0].last <= 130 }
    problem = problem.with(early)
    let more = problem.run(table)
    problem.keys = 130
    let fewer = problem.run(table)
    #expect(fewer.difference(more) == nil, "\(table)")
    #expect((more.dk[130...] + more.dv[130...]).allSatisfy { $0.allSatisfy { $0 == 0 } }, "\(table)")
  }
}

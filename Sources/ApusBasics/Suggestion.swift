// "Did you mean …?": the known word nearest to a misspelled one.

/// The candidate nearest to `word`, when it is near enough to be what was meant.
///
/// Near means at most one edit for every three letters (optimal string alignment: insertion, deletion,
/// substitution, transposition of neighbours), or an unfinished word. Ties go to the first in order.
///
/// - Complexity: O(*candidates · length²*).
package func suggestion(for word: String, among candidates: [String]) -> String? {
  let ordered = candidates.sorted()
  let nearest = ordered.map { (distance: editDistance(word, $0), word: $0) }.min { $0.distance < $1.distance }
  if let nearest, nearest.distance <= max(1, min(word.count, nearest.word.count) / 3) { return nearest.word }
  guard word.count >= 3 else { return nil }
  return ordered.first { $0.hasPrefix(word) }
}

/// The optimal string alignment distance of two words.
package func editDistance(_ left: String, _ right: String) -> Int {
  let left = Array(left.prefix(64))
  let right = Array(right.prefix(64))
  var rows = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
  for i in 0...left.count { rows[i][0] = i }
  for j in 0...right.count { rows[0][j] = j }
  guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
  for i in 1...left.count {
    for j in 1...right.count {
      let substitution = rows[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)
      var best = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, substitution)
      if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
        best = min(best, rows[i - 2][j - 2] + 1)
      }
      rows[i][j] = best
    }
  }
  return rows[left.count][right.count]
}

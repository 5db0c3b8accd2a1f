// Sorting and selecting candidates in place. `Array.sort` needs memory for its merges; these need none.
// Quicksort's partition with a median of three does the work, heapsort catches inputs that degrade it, so
// nothing is worse than O(n log n) (Musser, "Introspective sorting and selection algorithms", 1997,
// doi:10.1002/(SICI)1097-024X(199708)27:8<983::AID-SPE117>3.0.CO;2-#).

/// Below this many elements insertion sort beats partitioning: a few dozen moves of 12 bytes.
private let smallCount = 24

extension UnsafeMutableBufferPointer<Candidate> {
  /// Sorts all elements.
  ///
  /// - Complexity: O(*n* log *n*).
  func order(by order: some CandidateOrder) {
    self.order(0, count, by: order, budget: partitionBudget(count))
  }

  /// Moves the `count` first elements of the order, unsorted, to the front.
  ///
  /// - Complexity: O(*n*) on average, O(*n* log *n*) at worst.
  func select(_ wanted: Int, by order: some CandidateOrder) {
    var low = 0
    var high = count
    var budget = partitionBudget(count)
    while low < wanted, wanted < high, high - low > smallCount {
      guard budget > 0 else { return heapOrder(low, high, by: order) }
      budget -= 1
      let pivot = partition(low, high, by: order)
      if wanted <= pivot { high = pivot } else { low = pivot + 1 }
    }
    if low < wanted, wanted < high { insertionOrder(low, high, by: order) }
  }

  /// The length of the shortest prefix of the order whose probabilities sum to more than `mass` (at least
  /// `mass` unless `strict`) and that has at least `minimum` elements; its elements are moved to the front.
  /// All elements if the sum is never reached.
  ///
  /// - Complexity: O(*n*) on average, O(*n* log *n*) at worst.
  func selectMass(
    _ mass: Double, strict: Bool, minimum: Int, by order: some CandidateOrder
  ) -> Int {
    func enough(_ sum: Double, _ length: Int) -> Bool {
      (strict ? sum > mass : sum >= mass) && length >= minimum
    }
    var low = 0
    var high = count
    var before = 0.0
    var budget = partitionBudget(count)
    while high - low > smallCount {
      guard budget > 0 else {
        heapOrder(low, high, by: order)
        break
      }
      budget -= 1
      let pivot = partition(low, high, by: order)
      var sum = before
      for index in low..<pivot { sum += Double(self[index].probability) }
      if pivot > 0, enough(sum, pivot) {
        high = pivot
        continue
      }
      sum += Double(self[pivot].probability)
      if enough(sum, pivot + 1) { return pivot + 1 }
      before = sum
      low = pivot + 1
    }
    if high - low <= smallCount { insertionOrder(low, high, by: order) }
    for index in low..<high {
      before += Double(self[index].probability)
      if enough(before, index + 1) { return index + 1 }
    }
    return high
  }

  /// Twice the depth of a balanced tree, as introsort has it.
  private func partitionBudget(_ count: Int) -> Int {
    2 * (Int.bitWidth - count.leadingZeroBitCount)
  }

  private func order(_ low: Int, _ high: Int, by order: some CandidateOrder, budget: Int) {
    var low = low
    var budget = budget
    while high - low > smallCount {
      guard budget > 0 else { return heapOrder(low, high, by: order) }
      budget -= 1
      let pivot = partition(low, high, by: order)
      self.order(low, pivot, by: order, budget: budget)
      low = pivot + 1
    }
    insertionOrder(low, high, by: order)
  }

  /// Splits `low ..< high` around the median of its first, middle and last element.
  ///
  /// - Returns: where that element now is; those in front of it precede it.
  private func partition(_ low: Int, _ high: Int, by order: some CandidateOrder) -> Int {
    let middle = low + (high - low) / 2
    let last = high - 1
    if order.precedes(self[middle], self[low]) { swapAt(middle, low) }
    if order.precedes(self[last], self[low]) { swapAt(last, low) }
    if order.precedes(self[last], self[middle]) { swapAt(last, middle) }
    let pivot = self[middle]
    swapAt(middle, last - 1)
    var left = low
    var right = last - 1
    while true {
      repeat { left += 1 } while order.precedes(self[left], pivot)
      repeat { right -= 1 } while order.precedes(pivot, self[right])
      if left >= right { break }
      swapAt(left, right)
    }
    swapAt(left, last - 1)
    return left
  }

  private func insertionOrder(_ low: Int, _ high: Int, by order: some CandidateOrder) {
    guard high - low > 1 else { return }
    for index in low + 1..<high {
      let element = self[index]
      var hole = index
      while hole > low, order.precedes(element, self[hole - 1]) {
        self[hole] = self[hole - 1]
        hole -= 1
      }
      self[hole] = element
    }
  }

  private func heapOrder(_ low: Int, _ high: Int, by order: some CandidateOrder) {
    let count = high - low
    func sift(_ start: Int, _ end: Int) {
      var root = start
      while 2 * root + 1 < end {
        var child = 2 * root + 1
        if child + 1 < end, order.precedes(self[low + child], self[low + child + 1]) { child += 1 }
        guard order.precedes(self[low + root], self[low + child]) else { return }
        swapAt(low + root, low + child)
        root = child
      }
    }
    for start in stride(from: count / 2 - 1, through: 0, by: -1) { sift(start, count) }
    for end in stride(from: count - 1, to: 0, by: -1) {
      swapAt(low, low + end)
      sift(0, end)
    }
  }
}

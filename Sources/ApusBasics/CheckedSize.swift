// Size arithmetic on numbers that come from files. Every product and sum of such numbers goes through
// here, so that an overflow is an answer (`nil`) and never a trap or a wrapped value.

/// The product of `factors`, or `nil` when it, or any partial product, does not fit in an `Int`.
public func checkedProduct(_ factors: Int...) -> Int? {
  checkedProduct(of: factors)
}

/// The product of `factors`, or `nil` when a factor is negative or a partial product overflows.
///
/// - Complexity: O(*n*).
public func checkedProduct(of factors: some Sequence<Int>) -> Int? {
  var product = 1
  for factor in factors {
    guard factor >= 0 else { return nil }
    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    product = next
  }
  return product
}

/// The sum of two sizes, or `nil` when it overflows.
public func checkedSum(_ left: Int, _ right: Int) -> Int? {
  let (sum, overflow) = left.addingReportingOverflow(right)
  return overflow ? nil : sum
}

/// `value` rounded up to a multiple of `alignment` (a power of two), or `nil` on overflow.
public func checkedRoundUp(_ value: Int, to alignment: Int) -> Int? {
  checkedSum(value, alignment - 1).map { $0 & ~(alignment - 1) }
}

// Work on the pieces of a tensor by all threads of a pool, or by the calling one when there is no pool.

import ApusRuntime

/// Runs `body` once for each unit 0 ..< units. Units run at the same time and must not share what they write.
package func forEachUnit(_ units: Int, on pool: WorkerPool?, _ body: @Sendable (Int) -> Void) {
  guard let pool, units > 1 else {
    for unit in 0..<units { body(unit) }
    return
  }
  typealias Body = @Sendable (Int) -> Void
  withoutActuallyEscaping(body) { (body: @escaping Body) in
    withUnsafePointer(to: body) { pointer in
      pool.parallel(units, UnsafeMutableRawPointer(mutating: pointer)) { context, unit, _ in
        context.assumingMemoryBound(to: Body.self).pointee(unit)
      }
    }
  }
}

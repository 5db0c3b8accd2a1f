// Big blocks of memory straight from the system. A Swift Array that cannot be allocated ends the process;
// mmap reports it. Huge pages spare the kernels most of their address translations.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Zeroed memory of fixed size with one owner, given back when the owner ends.
///
/// Blocks of 2 MiB or more start at a multiple of 2 MiB and ask for huge pages; smaller ones start at a page.
/// Pages are taken from the system when they are first written, so a block may be larger than what is used.
package struct HugeBuffer: ~Copyable, @unchecked Sendable {
  /// The first byte.
  package let base: UnsafeMutableRawPointer
  /// Usable bytes: the size asked for, rounded up to whole pages.
  package let byteCount: Int

  /// The size of a huge page on x86-64 and on Arm with 4 KiB pages.
  package static let hugePageBytes = 2 << 20

  /// - Parameters:
  ///   - byteCount: at least 1.
  ///   - purpose: what the memory is for, named in the error.
  /// - Throws: `RuntimeError.outOfMemory`.
  package init(byteCount: Int, purpose: String) throws(RuntimeError) {
    precondition(byteCount > 0)
    let huge = Self.hugePageBytes
    let alignment = byteCount >= huge ? huge : 4096
    // Rounded up, and one alignment more to cut an aligned piece from; a size near Int.max has neither.
    guard byteCount <= Int.max - 2 * huge else {
      throw .outOfMemory(bytes: byteCount, purpose: purpose, reason: errorText(ENOMEM))
    }
    let page = max(4096, sysconf(Int32(_SC_PAGESIZE)))
    let bytes = (byteCount + page - 1) / page * page
    let slack = alignment > page ? alignment - page : 0
    let mapped = mmap(nil, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | anonymous, -1, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw .outOfMemory(bytes: byteCount, purpose: purpose, reason: errorText(errno))
    }
    let front = slack == 0 ? 0 : (alignment - Int(bitPattern: mapped) % alignment) % alignment
    if front > 0 { munmap(mapped, front) }
    if slack > front { munmap(mapped + front + bytes, slack - front) }
    base = mapped + front
    self.byteCount = bytes
    #if os(Linux)
      // Only a wish: without huge pages everything works, a little slower.
      if bytes >= huge { madvise(base, bytes, Int32(MADV_HUGEPAGE)) }
    #endif
  }

  deinit {
    munmap(base, byteCount)
  }

  /// The whole block.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }
}

#if canImport(Darwin)
  private let anonymous = MAP_ANON
#else
  private let anonymous = MAP_ANONYMOUS
#endif

// Signals that a program using mapped files and bounded disks should take as errors. Process-wide, so the
// command-line program asks for it; the library never does on its own.

import CApusPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Process-wide behaviour on faults, for programs (not libraries) that use Apus.
public enum ProcessFaults {
  /// From now on a mapped file that shrinks or fails ends the program with one line on stderr and exit
  /// code 1, and a file larger than the allowed size is an error of `write`, not a signal.
  public static func install() {
    _ = apus_install_bus_handler()
    signal(SIGXFSZ, SIG_IGN)
  }
}

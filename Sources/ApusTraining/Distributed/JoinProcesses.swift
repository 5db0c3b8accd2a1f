// How a process finds out that it is one of several.

import ApusRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Connects this process with those that were started beside it by `mpirun` or the like.
///
///     let communicator = try joinProcesses()
///     let trainer = try Trainer(configuration, runtime: runtime, communicator: communicator)
///
/// A process that was started alone is its own only member. The connection ends with the last reference to what is returned.
///
/// - Throws: `CommunicationError.notBuilt` when there are others and this build has no MPI (package trait `MPI`), and
///   `.call` when MPI fails.
public func joinProcesses() throws(CommunicationError) -> any Communicator {
  try joinProcesses { name in getenv(name).map { String(cString: $0) } }
}

/// - Parameter variable: the value of an environment variable.
func joinProcesses(_ variable: (String) -> String?) throws(CommunicationError) -> any Communicator {
  guard let count = processCount(variable) else { return SingleProcess() }
  #if APUS_MPI
    return try MPICommunicator()
  #else
    guard count == 1 else { throw .notBuilt(processes: count) }
    return SingleProcess()
  #endif
}

/// How many processes a launcher says it has started; nil when none did.
func processCount(_ variable: (String) -> String?) -> Int? {
  // Open MPI's mpirun; MPICH's and its relatives'.
  for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
    if let count = variable(name).flatMap({ Int($0) }), count >= 1 { return count }
  }
  // Slurm's srun sets the number of tasks in a batch script, too; a rank it sets only for tasks of a parallel job.
  guard variable("PMIX_RANK") != nil || variable("PMI_RANK") != nil else { return nil }
  return variable("SLURM_NTASKS").flatMap { Int($0) }
}

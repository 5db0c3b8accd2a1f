// Processes connected by MPI. The only file that knows the library; compiled with the package trait MPI.

#if APUS_MPI
  import CMPI

  /// This process's end of MPI_COMM_WORLD. MPI ends with it.
  final class MPICommunicator: Communicator {
    let rank: Int
    let size: Int
    let ranksHere: Int
    /// By the numbers of transfers. `expected` is −1 for those that are sent.
    private var requests: [(request: MPI_Request?, expected: Int32)] = []
    private var free: [Int] = []

    /// Begins MPI. This thread must make all further calls.
    ///
    /// - Throws: `CommunicationError.call` and `.begunTwice`.
    init() throws(CommunicationError) {
      var begun: Int32 = 0
      guard MPI_Initialized(&begun) == MPI_SUCCESS, begun == 0 else { throw .begunTwice }
      try Self.check(apus_mpi_begin(), "MPI_Init_thread", rank: 0)
      var (rank, size): (Int32, Int32) = (0, 1)
      try Self.check(MPI_Comm_rank(apus_mpi_world(), &rank), "MPI_Comm_rank", rank: 0)
      try Self.check(MPI_Comm_size(apus_mpi_world(), &size), "MPI_Comm_size", rank: Int(rank))
      (self.rank, self.size) = (Int(rank), Int(size))
      ranksHere = Int(apus_mpi_processes_here())
    }

    deinit {
      MPI_Finalize()
    }

    func send(
      _ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int
    ) throws(CommunicationError) -> Transfer {
      var request: MPI_Request? = apus_mpi_no_request()
      let code = apus_mpi_send(bytes.baseAddress, Int32(bytes.count), Int32(rank), Int32(tag), &request)
      try Self.check(code, "MPI_Isend to rank \(rank)", rank: self.rank)
      return keep(request, expected: -1)
    }

    func receive(
      _ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
    ) throws(CommunicationError) -> Transfer {
      var request: MPI_Request? = apus_mpi_no_request()
      let code = apus_mpi_receive(bytes.baseAddress, Int32(bytes.count), Int32(rank), Int32(tag), &request)
      try Self.check(code, "MPI_Irecv from rank \(rank)", rank: self.rank)
      return keep(request, expected: Int32(bytes.count))
    }

    private func keep(_ request: MPI_Request?, expected: Int32) -> Transfer {
      if let number = free.popLast() {
        requests[number] = (request, expected)
        return Transfer(number)
      }
      requests.append((request, expected))
      return Transfer(requests.count - 1)
    }

    func isDone(_ transfer: Transfer) throws(CommunicationError) -> Bool {
      var done: Int32 = 0
      let expected = requests[transfer.number].expected
      let code = apus_mpi_test(&requests[transfer.number].request, expected, &done)
      try Self.check(code, "MPI_Test", rank: rank)
      guard done != 0 else { return false }
      free.append(transfer.number)
      return true
    }

    func abort() {
      MPI_Abort(apus_mpi_world(), 1)
    }

    private static func check(_ code: Int32, _ name: String, rank: Int) throws(CommunicationError) {
      guard code != MPI_SUCCESS else { return }
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MPI_MAX_ERROR_STRING) + 1) {
        text in
        var length: Int32 = 0
        text[0] = 0
        MPI_Error_string(code, text.baseAddress, &length)
        return String(cString: text.baseAddress!)
      }
      throw .call(name: name, rank: rank, reason: text)
    }
  }
#endif

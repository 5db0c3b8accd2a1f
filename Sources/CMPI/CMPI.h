// MPI as Swift sees it: its handles are macros around casts, which Swift does not import. Only
// Distributed/MPICommunicator.swift imports this, and only with the package trait MPI.

#pragma once

// Debian keeps the header in a folder of its own; pkg-config says where, and there is a link to it.
#if __has_include(<mpi.h>)
#include <mpi.h>
#else
#include <mpi/mpi.h>
#endif

static inline MPI_Comm apus_mpi_world(void) { return MPI_COMM_WORLD; }

static inline MPI_Request apus_mpi_no_request(void) { return MPI_REQUEST_NULL; }

// One thread, the one that begins MPI, makes all calls.
static inline int apus_mpi_begin(void) {
  int provided = 0;
  int error = MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &provided);
  // Errors are to come back, not to end the process.
  return error != MPI_SUCCESS ? error : MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

// The processes that share this one's memory; 1 when nobody can say.
static inline int apus_mpi_processes_here(void) {
  MPI_Comm here;
  int count = 1;
  if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here) != MPI_SUCCESS) return 1;
  MPI_Comm_size(here, &count);
  MPI_Comm_free(&here);
  return count;
}

static inline int apus_mpi_send(const void *bytes, int count, int rank, int tag, MPI_Request *request) {
  return MPI_Isend(bytes, count, MPI_BYTE, rank, tag, MPI_COMM_WORLD, request);
}

static inline int apus_mpi_receive(void *bytes, int count, int rank, int tag, MPI_Request *request) {
  return MPI_Irecv(bytes, count, MPI_BYTE, rank, tag, MPI_COMM_WORLD, request);
}

// Whether a transfer is done. A message that is shorter than asked for is an error.
static inline int apus_mpi_test(MPI_Request *request, int expected, int *done) {
  MPI_Status status;
  int count = 0;
  int error = MPI_Test(request, done, &status);
  if (error != MPI_SUCCESS || !*done || expected < 0) return error;
  error = MPI_Get_count(&status, MPI_BYTE, &count);
  return error == MPI_SUCCESS && count != expected ? MPI_ERR_TRUNCATE : error;
}

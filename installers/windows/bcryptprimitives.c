/* Wine 8 has no bcryptprimitives.dll, of which Rust's library, and so cryptography, wants this one function. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T length)
{
    return RtlGenRandom(buffer, (ULONG)length);
}

/* A PKCS#11 module for Windows with one empty card, that misbehaves on purpose.
 *
 * Environment, read at each call, each the name of a function:
 *   PROBE_HANG    never answers
 *   PROBE_SLOW    takes three seconds
 *   PROBE_CRASH   ends the process by an access violation
 */
#include <windows.h>
#include <string.h>

typedef unsigned long ulong; /* 32 bits, as in every PKCS#11 module for Windows */

#pragma pack(push, 1)        /* the standard asks for it on Windows */
typedef struct { unsigned char major, minor; } version;
typedef struct { version cryptoki; char manufacturer[32]; ulong flags; char description[32]; version library; } info;
typedef struct { char description[64], manufacturer[32]; ulong flags; version hardware, firmware; } slot_info;
typedef struct {
    char label[32], manufacturer[32], model[16], serial[16];
    ulong flags, numbers[10];
    version hardware, firmware;
    char time[16];
} token_info;
typedef struct { ulong slot, state, flags, error; } session_info;
typedef struct { version cryptoki; void *functions[68]; } function_list;
#pragma pack(pop)

enum {
    INITIALIZE = 0, FINALIZE = 1, GET_INFO = 2, GET_FUNCTION_LIST = 3, GET_SLOT_LIST = 4, GET_SLOT_INFO = 5,
    GET_TOKEN_INFO = 6, GET_MECHANISM_LIST = 7, OPEN_SESSION = 12, CLOSE_SESSION = 13, GET_SESSION_INFO = 15,
    LOGOUT = 19, FIND_INIT = 26, FIND = 27, FIND_FINAL = 28
};
enum { CKR_OK = 0, CKR_FUNCTION_NOT_SUPPORTED = 0x54, CKR_BUFFER_TOO_SMALL = 0x150 };
enum { SLOT = 7, TOKEN_PRESENT = 1, TOKEN_INITIALIZED = 0x400, READ_WRITE = 2, SERIAL_SESSION = 4 };

static function_list ours;

static int wants(const char *name, const char *function)
{
    char value[64];
    DWORD length = GetEnvironmentVariableA(name, value, sizeof value);
    return length && length < sizeof value && strcmp(value, function) == 0;
}

static ulong trouble(const char *function)
{
    if (wants("PROBE_HANG", function))
        Sleep(INFINITE);
    if (wants("PROBE_SLOW", function))
        Sleep(3000);
    if (wants("PROBE_CRASH", function))
        *(volatile int *)0 = 0;
    return CKR_OK;
}

/* Text of a fixed width is filled up with blanks. */
#define FILL(field, text) (memset(field, ' ', sizeof field), memcpy(field, text, sizeof text - 1))

static ulong not_supported(void) { return CKR_FUNCTION_NOT_SUPPORTED; }
static ulong nothing(void) { return CKR_OK; }
static ulong initialize(void *arguments) { (void)arguments; return trouble("C_Initialize"); }
static ulong finalize(void *reserved) { (void)reserved; return trouble("C_Finalize"); }

static ulong get_info(info *found)
{
    memset(found, 0, sizeof *found);
    FILL(found->manufacturer, "sithsup");
    FILL(found->description, "Probe");
    return trouble("C_GetInfo");
}

static ulong get_slot_list(unsigned char present, ulong *slots, ulong *count)
{
    ulong room = *count;
    (void)present;
    *count = 1;
    if (slots && room < 1)
        return CKR_BUFFER_TOO_SMALL;
    if (slots)
        *slots = SLOT;
    return trouble("C_GetSlotList");
}

static ulong get_slot_info(ulong slot, slot_info *found)
{
    (void)slot;
    memset(found, 0, sizeof *found);
    FILL(found->description, "Probe reader");
    FILL(found->manufacturer, "sithsup");
    found->flags = TOKEN_PRESENT;
    return trouble("C_GetSlotInfo");
}

static ulong get_token_info(ulong slot, token_info *found)
{
    (void)slot;
    memset(found, 0, sizeof *found);
    FILL(found->label, "Probe card");
    FILL(found->manufacturer, "sithsup");
    FILL(found->model, "empty");
    FILL(found->serial, "0123456789ABCDEF");
    found->flags = TOKEN_INITIALIZED;
    return trouble("C_GetTokenInfo");
}

static ulong get_mechanism_list(ulong slot, ulong *list, ulong *count)
{
    (void)slot, (void)list;
    *count = 0;
    return trouble("C_GetMechanismList");
}

static ulong open_session(ulong slot, ulong flags, void *application, void *notify, ulong *session)
{
    (void)slot, (void)flags, (void)application, (void)notify;
    *session = 1;
    return trouble("C_OpenSession");
}

static ulong get_session_info(ulong session, session_info *found)
{
    (void)session;
    *found = (session_info){SLOT, READ_WRITE, READ_WRITE | SERIAL_SESSION, 0};
    return CKR_OK;
}

static ulong find_init(ulong session, void *template, ulong count)
{
    (void)session, (void)template, (void)count;
    return trouble("C_FindObjectsInit");
}

static ulong find(ulong session, ulong *objects, ulong room, ulong *count)
{
    (void)session, (void)objects, (void)room;
    *count = 0;
    return CKR_OK;
}

__declspec(dllexport) ulong C_GetFunctionList(function_list **list)
{
    for (int i = 0; i < 68; i++)
        ours.functions[i] = not_supported;
    ours.cryptoki = (version){2, 40};
    ours.functions[INITIALIZE] = initialize;
    ours.functions[FINALIZE] = finalize;
    ours.functions[GET_INFO] = get_info;
    ours.functions[GET_FUNCTION_LIST] = C_GetFunctionList;
    ours.functions[GET_SLOT_LIST] = get_slot_list;
    ours.functions[GET_SLOT_INFO] = get_slot_info;
    ours.functions[GET_TOKEN_INFO] = get_token_info;
    ours.functions[GET_MECHANISM_LIST] = get_mechanism_list;
    ours.functions[OPEN_SESSION] = open_session;
    ours.functions[CLOSE_SESSION] = nothing;
    ours.functions[GET_SESSION_INFO] = get_session_info;
    ours.functions[LOGOUT] = nothing;
    ours.functions[FIND_INIT] = find_init;
    ours.functions[FIND] = find;
    ours.functions[FIND_FINAL] = nothing;
    *list = &ours;
    return CKR_OK;
}

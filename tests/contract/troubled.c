/* A PKCS#11 module in front of another one (TROUBLED_MODULE) that behaves as badly as real ones do.
 *
 * Environment, read at each call:
 *   TROUBLED_HANG, TROUBLED_CRASH   the name of a function that never answers, or ends the process
 *   TROUBLED_SLOW                   milliseconds that a key generation takes longer
 *   TROUBLED_LATE                   milliseconds that a list of slots takes longer
 *   TROUBLED_UNKNOWN                no card is recognised
 *   TROUBLED_PULLED                 a file: while it exists the card is out of the reader
 *   TROUBLED_PIN_PAD                the reader asks for the code by itself, and this is what its holder types
 *   TROUBLED_TRIES                  so many wrong codes lock it
 *   TROUBLED_PUK_TRIES              so many wrong codes of the security officer lock that
 *   TROUBLED_MAKER                  who made it, as it says (C_GetInfo)
 *   TROUBLED_ALWAYS                 generated private keys want the code for each signature
 *   TROUBLED_ONE_PER_ID             a second certificate under one CKA_ID is refused (as OpenSC does)
 *   TROUBLED_NO_SHA256              no CKM_SHA256_RSA_PKCS
 *   TROUBLED_NO_EXPONENT            RSA private keys do not show their public exponent
 *   TROUBLED_ONE_CARD               all slots are in one reader, all tokens have one serial number
 *   TROUBLED_READ_ONLY              nothing can be written, and no session for writing is opened
 *   TROUBLED_FULL                   nothing can be created any more
 *   TROUBLED_HANGING_CARD           whoever asks the token of this serial number for anything waits for ever
 *   TROUBLED_MUTE_CARD              the token of this serial number is not recognised
 *   TROUBLED_NAMELESS_CARD          not even the slot of this one is described
 *   TROUBLED_ABSENT_CARD            the slot of this one is empty, and whoever asks for its token hears a general error
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;
typedef struct { ulong type; void *value; ulong length; } attribute;
typedef struct { unsigned char version[2]; void *functions[68]; } function_list;

enum {
    INITIALIZE = 0, FINALIZE = 1, GET_INFO = 2, INIT_PIN = 10, GET_SLOT_LIST = 4, GET_SLOT_INFO = 5, GET_TOKEN_INFO = 6, GET_MECHANISM_LIST = 7,
    OPEN_SESSION = 12, CLOSE_ALL_SESSIONS = 14, GET_SESSION_INFO = 15, LOGIN = 18, LOGOUT = 19, CREATE_OBJECT = 20, DESTROY_OBJECT = 22,
    GET_ATTRIBUTE_VALUE = 24, SET_ATTRIBUTE_VALUE = 25, FIND_INIT = 26, FIND = 27, FIND_FINAL = 28, SIGN = 43,
    GENERATE_KEY_PAIR = 59
};
enum {
    CKR_OK = 0, CKR_GENERAL_ERROR = 5, CKR_ATTRIBUTE_TYPE_INVALID = 0x12, CKR_DEVICE_MEMORY = 0x31,
    CKR_PIN_INCORRECT = 0xA0, CKR_PIN_LOCKED = 0xA4, CKR_SESSION_HANDLE_INVALID = 0xB3, CKR_TOKEN_NOT_PRESENT = 0xE0,
    CKR_TOKEN_NOT_RECOGNIZED = 0xE1, CKR_TOKEN_WRITE_PROTECTED = 0xE2
};
enum { CKA_CLASS = 0, CKA_ID = 0x102, CKA_PUBLIC_EXPONENT = 0x122, CKA_ALWAYS_AUTHENTICATE = 0x202 };
enum { TOKEN_PRESENT = 1, READ_WRITE_SESSION = 2, WRITE_PROTECTED = 2 };
enum { SECURITY_OFFICER = 0, TO_THE_OFFICER_S = 4 }; /* bits from the flags of the user's code */
enum { COUNT_LOW = 0x10000, FINAL_TRY = 0x20000, LOCKED = 0x40000, PROTECTED_PATH = 0x100 };

static function_list ours;
static function_list *theirs;
static int wrong_codes, wrong_puks;
static int sessions_are_lost;

#define CALL(index, ...) ((ulong (*)())theirs->functions[index])(__VA_ARGS__)

static int wants(const char *name, const char *function)
{
    const char *value = getenv(name);
    return value && (!function || strcmp(value, function) == 0);
}

static int is_pulled(void)
{
    const char *file = getenv("TROUBLED_PULLED");
    int pulled = file && access(file, F_OK) == 0;
    if (pulled && !sessions_are_lost) {
        ulong slots[16], count = 16, i;
        if (CALL(GET_SLOT_LIST, 1, slots, &count) == CKR_OK)
            for (i = 0; i < count; i++)
                CALL(CLOSE_ALL_SESSIONS, slots[i]);
    }
    sessions_are_lost = pulled;
    return pulled;
}

/* What may happen in any call; a pulled card is a bare general error. */
static ulong trouble(const char *function)
{
    if (wants("TROUBLED_HANG", function))
        for (;;)
            pause();
    if (wants("TROUBLED_CRASH", function))
        abort();
    return is_pulled() ? CKR_GENERAL_ERROR : CKR_OK;
}

#define TROUBLE(function) do { ulong rv = trouble(function); if (rv != CKR_OK) return rv; } while (0)

static ulong initialize(void *arguments) { trouble("C_Initialize"); return CALL(INITIALIZE, arguments); }
static ulong finalize(void *reserved) { trouble("C_Finalize"); return CALL(FINALIZE, reserved); }

static ulong get_info(unsigned char *info)
{
    ulong rv = CALL(GET_INFO, info);
    if (wants("TROUBLED_MAKER", NULL)) {
        memset(info + 2, ' ', 32);
        memcpy(info + 2, getenv("TROUBLED_MAKER"), strlen(getenv("TROUBLED_MAKER")));
    }
    return rv;
}

static ulong get_slot_list(unsigned char present, ulong *slots, ulong *count)
{
    printf("this module prints on the terminal\n");
    fflush(stdout);
    fprintf(stderr, "and on its error output\n");
    if (wants("TROUBLED_LATE", NULL))
        usleep(1000 * atoi(getenv("TROUBLED_LATE")));
    if (trouble("C_GetSlotList") != CKR_OK && present) {
        *count = 0;
        return CKR_OK;
    }
    return CALL(GET_SLOT_LIST, present, slots, count);
}

/* Whether the token in a slot is the one that a variable names by its serial number. */
static int is_meant(const char *name, ulong slot)
{
    unsigned char info[512];
    const char *serial = getenv(name);
    return serial && CALL(GET_TOKEN_INFO, slot, info) == CKR_OK && memcmp(info + 80, serial, 16) == 0;
}

static ulong get_slot_info(ulong slot, unsigned char *info)
{
    ulong rv = is_meant("TROUBLED_NAMELESS_CARD", slot) ? CKR_GENERAL_ERROR : CALL(GET_SLOT_INFO, slot, info);
    if (wants("TROUBLED_ONE_CARD", NULL)) {
        memset(info, ' ', 64);
        memcpy(info, "Troubled reader", 15);
    }
    if (is_meant("TROUBLED_ABSENT_CARD", slot))
        *(ulong *)(info + 96) &= ~(ulong)TOKEN_PRESENT;
    return rv;
}

static ulong tries_flag(const char *name, int wrong)
{
    int left = atoi(getenv(name)) - wrong;
    return left <= 0 ? LOCKED : left == 1 ? FINAL_TRY : wrong ? COUNT_LOW : 0;
}

static ulong get_token_info(ulong slot, unsigned char *info)
{
    ulong rv, *flags = (ulong *)(info + 96);
    if (is_pulled())
        return CKR_TOKEN_NOT_PRESENT;
    if (wants("TROUBLED_UNKNOWN", NULL))
        return CKR_TOKEN_NOT_RECOGNIZED;
    while (is_meant("TROUBLED_HANGING_CARD", slot))
        pause();
    if (is_meant("TROUBLED_ABSENT_CARD", slot))
        return CKR_GENERAL_ERROR;
    if (is_meant("TROUBLED_MUTE_CARD", slot))
        return CKR_TOKEN_NOT_RECOGNIZED;
    rv = CALL(GET_TOKEN_INFO, slot, info);
    if (wants("TROUBLED_READ_ONLY", NULL))
        *flags |= WRITE_PROTECTED;
    if (wants("TROUBLED_PIN_PAD", NULL))
        *flags |= PROTECTED_PATH;
    if (wants("TROUBLED_ONE_CARD", NULL))
        memcpy(info + 80, "1234567890123456", 16);
    if (wants("TROUBLED_TRIES", NULL)) {
        *flags &= ~(ulong)(COUNT_LOW | FINAL_TRY | LOCKED);
        *flags |= tries_flag("TROUBLED_TRIES", wrong_codes);
    }
    if (wants("TROUBLED_PUK_TRIES", NULL)) {
        *flags &= ~((ulong)(COUNT_LOW | FINAL_TRY | LOCKED) << TO_THE_OFFICER_S);
        *flags |= tries_flag("TROUBLED_PUK_TRIES", wrong_puks) << TO_THE_OFFICER_S;
    }
    return rv;
}

static ulong get_mechanism_list(ulong slot, ulong *list, ulong *count)
{
    ulong rv = CALL(GET_MECHANISM_LIST, slot, list, count), i;
    if (rv == CKR_OK && list && wants("TROUBLED_NO_SHA256", NULL))
        for (i = 0; i < *count; i++)
            if (list[i] == 0x40)
                list[i] = 0x80000040;
    return rv;
}

static ulong open_session(ulong slot, ulong flags, void *application, void *notify, ulong *session)
{
    if (wants("TROUBLED_READ_ONLY", NULL) && flags & READ_WRITE_SESSION)
        return CKR_TOKEN_WRITE_PROTECTED;
    return CALL(OPEN_SESSION, slot, flags, application, notify, session);
}

static ulong get_session_info(ulong session, void *info)
{
    return is_pulled() ? CKR_SESSION_HANDLE_INVALID : CALL(GET_SESSION_INFO, session, info);
}

static ulong login(ulong session, ulong user, const char *code, ulong length)
{
    ulong rv;
    const char *tries = user == SECURITY_OFFICER ? "TROUBLED_PUK_TRIES" : "TROUBLED_TRIES";
    int *wrong = user == SECURITY_OFFICER ? &wrong_puks : &wrong_codes;
    TROUBLE("C_Login");
    if (wants("TROUBLED_PIN_PAD", NULL)) {
        if (code)
            return CKR_GENERAL_ERROR; /* nobody but the reader may send a code */
        code = getenv("TROUBLED_PIN_PAD");
        length = strlen(code);
    }
    if (wants(tries, NULL) && *wrong >= atoi(getenv(tries)))
        return CKR_PIN_LOCKED;
    rv = CALL(LOGIN, session, user, code, length);
    *wrong = rv == CKR_PIN_INCORRECT ? *wrong + 1 : rv == CKR_OK ? 0 : *wrong;
    return rv;
}

static ulong logout(ulong session)
{
    TROUBLE("C_Logout");
    return CALL(LOGOUT, session);
}

static ulong init_pin(ulong session, const char *code, ulong length)
{
    ulong rv;
    TROUBLE("C_InitPIN");
    rv = CALL(INIT_PIN, session, code, length);
    wrong_codes = rv == CKR_OK ? 0 : wrong_codes;
    return rv;
}

static int id_is_taken(ulong session, attribute *wanted, ulong count)
{
    ulong certificate = 1, handle, found = 0, i;
    attribute search[2] = {{CKA_CLASS, &certificate, sizeof certificate}};
    for (i = 0; i < count; i++)
        if (wanted[i].type == CKA_ID)
            search[1] = wanted[i];
    if (CALL(FIND_INIT, session, search, 2UL) != CKR_OK)
        return 0;
    CALL(FIND, session, &handle, 1UL, &found);
    CALL(FIND_FINAL, session);
    return found > 0;
}

static ulong create_object(ulong session, attribute *wanted, ulong count, ulong *handle)
{
    TROUBLE("C_CreateObject");
    if (wants("TROUBLED_FULL", NULL))
        return CKR_DEVICE_MEMORY;
    if (wants("TROUBLED_ONE_PER_ID", NULL) && id_is_taken(session, wanted, count))
        return CKR_GENERAL_ERROR;
    return CALL(CREATE_OBJECT, session, wanted, count, handle);
}

static ulong destroy_object(ulong session, ulong handle)
{
    TROUBLE("C_DestroyObject");
    return CALL(DESTROY_OBJECT, session, handle);
}

static ulong get_attribute_value(ulong session, ulong handle, attribute *wanted, ulong count)
{
    ulong class = 0, rv, i;
    attribute search = {CKA_CLASS, &class, sizeof class};
    rv = CALL(GET_ATTRIBUTE_VALUE, session, handle, wanted, count);
    CALL(GET_ATTRIBUTE_VALUE, session, handle, &search, 1UL);
    for (i = 0; i < count && class == 3 && wants("TROUBLED_NO_EXPONENT", NULL); i++)
        if (wanted[i].type == CKA_PUBLIC_EXPONENT) {
            wanted[i].length = (ulong)-1;
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        }
    return rv;
}

static ulong set_attribute_value(ulong session, ulong handle, attribute *wanted, ulong count)
{
    TROUBLE("C_SetAttributeValue");
    return CALL(SET_ATTRIBUTE_VALUE, session, handle, wanted, count);
}

static ulong sign(ulong session, void *data, ulong length, void *signature, ulong *room)
{
    TROUBLE("C_Sign");
    return CALL(SIGN, session, data, length, signature, room);
}

static ulong generate_key_pair(ulong session, void *mechanism, attribute *public, ulong public_count,
                               attribute *private, ulong private_count, ulong *public_key, ulong *private_key)
{
    attribute all[32];
    unsigned char yes = 1;
    TROUBLE("C_GenerateKeyPair");
    if (wants("TROUBLED_FULL", NULL))
        return CKR_DEVICE_MEMORY;
    if (wants("TROUBLED_SLOW", NULL))
        usleep(1000 * atoi(getenv("TROUBLED_SLOW")));
    memcpy(all, private, private_count * sizeof *all);
    if (wants("TROUBLED_ALWAYS", NULL))
        all[private_count++] = (attribute){CKA_ALWAYS_AUTHENTICATE, &yes, 1};
    return CALL(GENERATE_KEY_PAIR, session, mechanism, public, public_count, all, private_count, public_key,
                private_key);
}

ulong C_GetFunctionList(function_list **list)
{
    void *library = dlopen(getenv("TROUBLED_MODULE"), RTLD_NOW);
    ulong (*get)(function_list **) = library ? dlsym(library, "C_GetFunctionList") : NULL;
    if (!get || get(&theirs) != CKR_OK)
        return CKR_GENERAL_ERROR;
    ours = *theirs;
    ours.functions[INITIALIZE] = initialize;
    ours.functions[FINALIZE] = finalize;
    ours.functions[GET_INFO] = get_info;
    ours.functions[INIT_PIN] = init_pin;
    ours.functions[GET_SLOT_LIST] = get_slot_list;
    ours.functions[GET_SLOT_INFO] = get_slot_info;
    ours.functions[GET_TOKEN_INFO] = get_token_info;
    ours.functions[GET_MECHANISM_LIST] = get_mechanism_list;
    ours.functions[OPEN_SESSION] = open_session;
    ours.functions[GET_SESSION_INFO] = get_session_info;
    ours.functions[LOGIN] = login;
    ours.functions[LOGOUT] = logout;
    ours.functions[CREATE_OBJECT] = create_object;
    ours.functions[DESTROY_OBJECT] = destroy_object;
    ours.functions[GET_ATTRIBUTE_VALUE] = get_attribute_value;
    ours.functions[SET_ATTRIBUTE_VALUE] = set_attribute_value;
    ours.functions[SIGN] = sign;
    ours.functions[GENERATE_KEY_PAIR] = generate_key_pair;
    wrong_codes = wrong_puks = 0;
    *list = &ours;
    return CKR_OK;
}

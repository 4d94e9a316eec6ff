/* A PKCS#11 module in front of another one that takes the time that a real card takes, and writes down when.
 *
 * Environment:
 *   SLOW_MODULE                              the module behind
 *   SLOW_GENERATE, SLOW_SIGN, SLOW_WRITE     milliseconds that a key generation, a signature, and a change of an object
 *                                            (create, destroy, set an attribute) take longer
 *   SLOW_LOG                                 a file: one line "FUNCTION BEGIN END" for each call that reaches the card,
 *                                            in nanoseconds of CLOCK_MONOTONIC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef unsigned long ulong;
typedef struct { unsigned char version[2]; void *functions[68]; } function_list;

enum {
    LOGIN = 18, CREATE_OBJECT = 20, DESTROY_OBJECT = 22, GET_ATTRIBUTE_VALUE = 24, SET_ATTRIBUTE_VALUE = 25,
    FIND_INIT = 26, SIGN = 43, GENERATE_KEY_PAIR = 59
};

static function_list ours;
static function_list *theirs;
static FILE *record;

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void take(const char *milliseconds)
{
    long number = milliseconds && getenv(milliseconds) ? atol(getenv(milliseconds)) : 0;
    struct timespec time = {number / 1000, number % 1000 * 1000000};
    nanosleep(&time, NULL);
}

#define CARD(name, index, milliseconds, parameters, ...)             \
    static ulong name parameters                                     \
    {                                                                \
        long long begun = now();                                     \
        ulong rv = ((ulong (*)())theirs->functions[index])(__VA_ARGS__); \
        take(milliseconds);                                          \
        fprintf(record, "%s %lld %lld\n", #name, begun, now());      \
        return rv;                                                   \
    }

CARD(login, LOGIN, NULL, (ulong s, ulong user, void *code, ulong length), s, user, code, length)
CARD(create, CREATE_OBJECT, "SLOW_WRITE", (ulong s, void *with, ulong count, void *made), s, with, count, made)
CARD(destroy, DESTROY_OBJECT, "SLOW_WRITE", (ulong s, ulong object), s, object)
CARD(get, GET_ATTRIBUTE_VALUE, NULL, (ulong s, ulong object, void *wanted, ulong count), s, object, wanted, count)
CARD(set, SET_ATTRIBUTE_VALUE, "SLOW_WRITE", (ulong s, ulong object, void *to, ulong count), s, object, to, count)
CARD(find, FIND_INIT, NULL, (ulong s, void *like, ulong count), s, like, count)
CARD(sign, SIGN, "SLOW_SIGN", (ulong s, void *data, ulong length, void *signature, void *room), s, data, length,
     signature, room)
CARD(generate, GENERATE_KEY_PAIR, "SLOW_GENERATE", (ulong s, void *how, void *public, ulong public_count,
     void *private, ulong private_count, void *public_key, void *private_key), s, how, public, public_count, private,
     private_count, public_key, private_key)

ulong C_GetFunctionList(function_list **list)
{
    void *library = dlopen(getenv("SLOW_MODULE"), RTLD_NOW);
    ulong (*get_list)(function_list **) = library ? dlsym(library, "C_GetFunctionList") : NULL;
    record = fopen(getenv("SLOW_LOG"), "a");
    if (!record || !get_list || get_list(&theirs) != 0)
        return 5; /* CKR_GENERAL_ERROR */
    setlinebuf(record);
    ours = *theirs;
    ours.functions[LOGIN] = login;
    ours.functions[CREATE_OBJECT] = create;
    ours.functions[DESTROY_OBJECT] = destroy;
    ours.functions[GET_ATTRIBUTE_VALUE] = get;
    ours.functions[SET_ATTRIBUTE_VALUE] = set;
    ours.functions[FIND_INIT] = find;
    ours.functions[SIGN] = sign;
    ours.functions[GENERATE_KEY_PAIR] = generate;
    *list = &ours;
    return 0;
}

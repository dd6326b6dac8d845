/* The second opinion on canonical forms, run by hand:
 *   SAML_SP_C14N_RECORDS=target/records SAML_SP_C14N_CASES=100000 cargo test --lib canonical_forms_that_libxml2
 *   cc -O2 $(xml2-config --cflags) src/dsig/tests/libxml2.c $(xml2-config --libs) -o target/libxml2 && target/libxml2 target/records
 * reads what the test wrote, canonicalizes the same nodes with libxml2 and says how many forms differ,
 * and of how many documents libxml2 had anything to say. */
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static xmlNodePtr apex, omit;

static int visible(void *data, xmlNodePtr node, xmlNodePtr parent) {
    (void)data;
    int leaf = node == NULL || node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE;
    for (xmlNodePtr at = leaf ? parent : node; at != NULL && at->type != XML_DOCUMENT_NODE; at = at->parent) {
        if (at == omit) return 0;
        if (at == apex) return 1;
    }
    return 0;
}

static xmlNodePtr element(xmlNodePtr root, int index) {
    for (xmlNodePtr at = root; at != NULL;) {
        if (at->type == XML_ELEMENT_NODE && index-- == 0) return at;
        if (at->type == XML_ELEMENT_NODE && at->children != NULL) { at = at->children; continue; }
        while (at != root && at->next == NULL) at = at->parent;
        at = at == root ? NULL : at->next;
    }
    return NULL;
}

static int number(FILE *file, int *value) { return fread(value, 4, 1, file) == 1; }

static char *text(FILE *file, int *length) {
    if (!number(file, length)) exit(2);
    char *octets = calloc(1, (size_t)*length + 1);
    if (*length > 0 && fread(octets, (size_t)*length, 1, file) != 1) exit(2);
    return octets;
}

int main(int count, char **arguments) {
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    long total = 0, different = 0, diagnosed = 0;
    int at, without, mode, length, ours_length, listed;
    if (file == NULL) return 2;
    while (number(file, &at) && number(file, &without) && number(file, &mode)) {
        char *xml = text(file, &length), *list = text(file, &listed), *ours = text(file, &ours_length);
        xmlChar *prefixes[16] = {0};
        int last = 0;
        for (char *one = strtok(list, " "); one != NULL; one = strtok(NULL, " ")) prefixes[last++] = (xmlChar *)one;
        xmlResetLastError();
        xmlDocPtr document = xmlReadMemory(xml, length, "in", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        total++;
        if (document == NULL || xmlGetLastError() != NULL) {
            diagnosed++;
            printf("libxml2 says: %s %s\n", xmlGetLastError() ? xmlGetLastError()->message : "", xml);
        }
        if (document == NULL) continue;
        apex = element(xmlDocGetRootElement(document), at);
        omit = without < 0 ? NULL : element(xmlDocGetRootElement(document), without);
        xmlBufferPtr theirs = xmlBufferCreate();
        xmlOutputBufferPtr output = xmlOutputBufferCreateBuffer(theirs, NULL);
        int result = xmlC14NExecute(document, visible, NULL, mode, last > 0 ? prefixes : NULL, 0, output);
        xmlOutputBufferClose(output);
        if (result < 0 || xmlBufferLength(theirs) != ours_length || memcmp(xmlBufferContent(theirs), ours, (size_t)ours_length) != 0) {
            different++;
            if (different < 6) printf("DIFFERENT mode %d apex %d without %d prefixes %d result %d\n in     %s\n ours   %s\n theirs %s\n", mode, at, without, last, result, xml, ours, (const char *)xmlBufferContent(theirs));
        }
        xmlBufferFree(theirs);
        xmlFreeDoc(document);
        free(xml); free(list); free(ours);
    }
    printf("%ld canonical forms, %ld different, %ld documents with a diagnostic\n", total, different, diagnosed);
    return different != 0 || diagnosed != 0;
}
